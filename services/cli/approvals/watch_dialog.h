// The conversation of `airlock approvals watch` with a person.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/approval.pb.h"

namespace airlock::cli {

// What the conversation does in the world.
struct WatchCalls {
  // The approval as it stands now, with `view`.
  std::function<absl::StatusOr<airlock::v1::Approval>(const std::string& id)>
      get;
  // Answers.
  std::function<absl::StatusOr<airlock::v1::Approval>(
      const airlock::v1::DecideApprovalRequest& request)>
      decide;
  std::function<void(absl::string_view text)> print;
  std::function<absl::Time()> now;
};

// Lists what is pending by number, shows one whole when its number is typed,
// asks, answers. A number means the same approval for as long as this lives. It
// answers only what it has shown, and approves only what it has shown
// completely. When somebody else answers meanwhile it says so and asks no more.
// Not thread-safe.
class WatchDialog {
 public:
  explicit WatchDialog(WatchCalls calls) : calls_(std::move(calls)) {}

  // An approval is new or has changed.
  void OnApproval(const airlock::v1::Approval& approval);
  // Everything pending was told.
  void OnCaughtUp();
  // Something to say about the connection.
  void OnNote(absl::string_view text);
  // The person typed a line, without its newline. False: they want to leave.
  bool OnLine(absl::string_view line);

 private:
  // What the next line is.
  enum class Awaits { kNumber, kAnswer, kComment };

  void HandleNumber(absl::string_view word);
  void HandleAnswer(absl::string_view word);
  void Show(int number);
  void List();
  void Decide(airlock::v1::ApprovalAnswer::Answer answer,
              absl::string_view comment);
  void BackToList();
  void Prompt();
  std::string PromptText() const;
  std::string Line(int number, const airlock::v1::Approval& approval) const;

  const WatchCalls calls_;
  Awaits awaits_ = Awaits::kNumber;
  bool caught_up_ = false;
  // Pending ones by number.
  std::map<int, airlock::v1::Approval> pending_;
  std::map<std::string, int> numbers_;
  int last_number_ = 0;
  // The one that was shown, with `view`, unless a number is awaited.
  airlock::v1::Approval shown_;
};

}  // namespace airlock::cli
