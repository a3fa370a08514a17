// The workspaces of sessions in miniature.
#pragma once

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/execution.pb.h"

namespace airlock {

// Regular files by session and path, and directories as far as there are files
// in them. Thread-safe.
class FakeFiles {
 public:
  struct File {
    std::string content;
    std::uint32_t mode = 0644;
    std::int64_t mtime_ms = 1'700'000'000'000;
  };

  // What an action gives.
  struct Result {
    std::string out;
    std::string err;
    int exit_code = 0;
    std::string reason;
  };

  void Put(const std::string& session, const std::string& path,
           const File& file) ABSL_LOCKS_EXCLUDED(mutex_);
  // Adds a line to the list of every directory.
  void AddToLists(const std::string& line) ABSL_LOCKS_EXCLUDED(mutex_);
  std::map<std::string, File> files(const std::string& session)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Does a file action.
  Result Do(const airlock::v1::ExecuteRequest& request)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Workspace = std::map<std::string, File>;

  Result Read(const airlock::v1::FileRead& action, const Workspace& workspace);
  Result List(const airlock::v1::FileList& action, const Workspace& workspace)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Result Write(const airlock::v1::FileWrite& action, Workspace& workspace);
  Result Delete(const airlock::v1::FileDelete& action, Workspace& workspace);

  absl::Mutex mutex_;
  std::map<std::string, Workspace> workspaces_ ABSL_GUARDED_BY(mutex_);
  std::string list_addition_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
