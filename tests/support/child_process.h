// A program of our own as a process of its own.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace airlock {

// Runs a program and keeps what it writes, both streams as one. It dies with
// the thread that started it, so start it from one that lives as long as the
// test does. Throws where it cannot be started.
class ChildProcess {
 public:
  // `argv[0]` is the program's path.
  explicit ChildProcess(const std::vector<std::string>& argv);
  // Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  // Sends a signal; does nothing once it has ended.
  void Signal(int signal);
  // `kill -9`, and waits until it is gone.
  void Kill();
  // Blocks until it has ended. Its exit code, 128 and the signal if one killed
  // it, or nothing if it still runs at `timeout`.
  std::optional<int> WaitExit(absl::Duration timeout);
  bool running() { return !WaitExit(absl::ZeroDuration()).has_value(); }

  // What it has written so far.
  std::string output() const;
  // Blocks until both streams are closed, and returns all of them.
  std::string whole_output() const;
  // Blocks until it has logged a line with this "msg" for the `count`th time.
  // Returns that line; nothing at `timeout` or when it ends without.
  std::optional<nlohmann::json> WaitForLog(absl::string_view message,
                                           absl::Duration timeout,
                                           int count = 1);

  // VmRSS in bytes; 0 once it has ended.
  std::size_t resident_bytes() const;

 private:
  void Read();
  std::optional<nlohmann::json> FindLog(absl::string_view message,
                                        int count) const;

  pid_t pid_ = -1;
  int output_fd_ = -1;
  std::optional<int> exit_code_;
  mutable absl::Mutex mutex_;
  std::string output_ ABSL_GUARDED_BY(mutex_);
  bool output_ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread reader_;
};

}  // namespace airlock
