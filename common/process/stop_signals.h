// SIGTERM and SIGINT as something to wait for.
#pragma once

#include <thread>

namespace airlock {

// Takes SIGTERM and SIGINT out of the hands of signal handlers. Make it before
// any thread is started: it blocks both signals in this thread and in those it
// starts from then on. Also ignores SIGPIPE: a peer that goes away is an error
// to handle, not a reason to die. One in a process.
class StopSignals {
 public:
  StopSignals();
  // What has not been waited for stays blocked.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Blocks until one comes and returns its number.
  int Wait() const;

  // From now on one that comes ends the process at once, with 128 and its
  // number as the exit code. Called at most once, after Wait().
  void ExitOnNext();

 private:
  int signal_fd_ = -1;
  int stop_fd_ = -1;
  std::thread watcher_;
};

}  // namespace airlock
