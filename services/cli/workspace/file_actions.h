// File actions, each as an execution.
#pragma once

#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "airlock/v1/action.pb.h"
#include "services/cli/client/airlock_client.h"
#include "services/cli/run/follower.h"
#include "services/cli/workspace/directory_entry.h"

namespace airlock::cli {

// Asks for file actions in one session, one after the other. An error of an
// action carries the reason of its outcome, such as FILE_NOT_FOUND. Used by one
// thread, but for Interrupt().
class FileActions {
 public:
  // What is told on the way, such as that the connection broke.
  using Note = std::function<void(absl::string_view)>;
  using OnData = std::function<absl::Status(absl::string_view)>;

  // Reads at most so much of a file at once, and writes so much.
  static constexpr std::size_t kChunkBytes = std::size_t{8} << 20;

  // `client` must outlive this. Nothing is waited for after `deadline`.
  FileActions(AirlockClient& client, std::string session, absl::Time deadline,
              Note note);
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  // Reads kChunkBytes from `offset` on, or what is left of the file. An error
  // of `on_data` ends it. kDataLoss: not all of it came; what did was in order.
  absl::Status Read(const std::string& path, std::uint64_t offset,
                    const OnData& on_data);

  // Lists a directory; each entry as it comes.
  absl::Status List(
      const std::string& path,
      const std::function<absl::Status(const DirectoryEntry&)>& on_entry);

  // The entry of a file, by a list of the directory it is in. kNotFound: there
  // is none.
  absl::StatusOr<DirectoryEntry> Find(const std::string& path);

  absl::Status Write(airlock::v1::FileWrite action);
  absl::Status Delete(const std::string& path, bool recursive);

  // Cancels the action under way and refuses every later one.
  void Interrupt() ABSL_LOCKS_EXCLUDED(mutex_);

  void Tell(absl::string_view text) const { note_(text); }

  // The exit code for the last error: that of the execution (exit_code.h), 1 if
  // an action ran and failed or none failed.
  int failure_code() const { return failure_code_; }
  // Whether the policy, or a human, refused the last action that failed.
  bool was_refused() const;

 private:
  absl::Status Run(airlock::v1::Action action, const OnData& on_data)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The error an execution that has ended stands for, if it does.
  absl::Status Judge(const airlock::v1::Execution& execution,
                     const std::string& error_output);

  AirlockClient& client_;
  const std::string session_;
  const absl::Time deadline_;
  const Note note_;
  int failure_code_;

  absl::Mutex mutex_;
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
  Follower* current_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace airlock::cli
