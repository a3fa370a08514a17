#include "services/cli/commands/watch_approvals.h"

#include <unistd.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/time/proto_time.h"
#include "services/cli/approvals/approval_feed.h"
#include "services/cli/approvals/watch_terminal.h"
#include "services/cli/commands/follow.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/render/approval_text.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/json.h"
#include "services/cli/run/write_fully.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;

// A line of text or JSON for each change.
class LinePrinter final : public ApprovalListener {
 public:
  explicit LinePrinter(OutputFormat output) : output_(output) {}

  // Is ended when nobody reads the lines.
  void SetFeed(ApprovalFeed* feed) { feed_ = feed; }

  void OnApproval(const Approval& approval) override {
    const absl::StatusOr<std::string> text = Text(approval);
    const absl::Status written =
        text.ok() ? WriteFully(STDOUT_FILENO, absl::StrCat(*text, "\n"))
                  : text.status();
    if (written.ok()) return;
    result_ = written;
    feed_->Stop();
  }
  // Changes are told as they come; a mark between them would say nothing.
  void OnCaughtUp() override {}
  void OnNote(absl::string_view text) override { PrintNote(text); }

  const absl::Status& result() const { return result_; }

 private:
  absl::StatusOr<std::string> Text(const Approval& approval) const {
    if (output_ == OutputFormat::kJson) {
      return ToJson(approval, JsonLayout::kOneLine);
    }
    const absl::Time now = absl::Now();
    return absl::StrCat(TimeText(ToProto(now)), "  ",
                        ApprovalLine(approval, now));
  }

  const OutputFormat output_;
  ApprovalFeed* feed_ = nullptr;
  absl::Status result_;
};

absl::Status WatchLines(AirlockClient& client, const std::string& agent,
                        OutputFormat output) {
  LinePrinter printer(output);
  ApprovalFeed feed(client, agent, printer);
  printer.SetFeed(&feed);
  absl::Status ended = feed.Run();
  return ended.ok() ? printer.result() : ended;
}

}  // namespace

int WatchApprovals(const CommandLine& line, ConnectionFlags connection,
                   const std::string& agent, bool plain) {
  const bool talks = !plain && line.output == OutputFormat::kTable &&
                     isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
  // Who only looks may be the operator; who answers must be an approver.
  connection.as_operator = !talks;
  connection.as_approver = talks;
  const auto client = ConnectAs(connection);
  if (!client.ok()) return Fail(line, client.status());
  return Finish(line, talks ? WatchOnTerminal(**client, agent, STDIN_FILENO,
                                              STDOUT_FILENO)
                            : WatchLines(**client, agent, line.output));
}

}  // namespace airlock::cli
