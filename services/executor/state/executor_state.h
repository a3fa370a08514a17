// What makes an executor the same one after a restart.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock::executor {

// The persisted id in the state directory, locked as long as this lives, and
// the nonce of this boot. Two executors with one id would remove each other's
// sandboxes, so the lock is not optional. Immutable, so thread-safe.
class ExecutorState {
 public:
  // Makes the directory and the id if they are not there. FAILED_PRECONDITION
  // with reason STATE_LOCKED: another executor runs on this directory;
  // DATA_LOSS: the file holds no id. Other errors name the path.
  static absl::StatusOr<std::unique_ptr<ExecutorState>> Open(
      const std::string& directory);
  ~ExecutorState();
  ExecutorState(const ExecutorState&) = delete;
  ExecutorState& operator=(const ExecutorState&) = delete;

  // "ex-" and 12 hexadecimal digits.
  const std::string& id() const { return id_; }
  // 16 random bytes, new for each object.
  const std::string& boot_nonce() const { return boot_nonce_; }

 private:
  ExecutorState(int fd, std::string id);

  // Holds the lock.
  const int fd_;
  const std::string id_;
  const std::string boot_nonce_;
};

}  // namespace airlock::executor
