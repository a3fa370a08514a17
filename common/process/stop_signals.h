// SIGTERM, SIGINT and SIGHUP as something to wait for.
#pragma once

#include <functional>
#include <thread>

namespace airlock {

// Takes SIGTERM, SIGINT and SIGHUP out of the hands of signal handlers. Make it
// before any thread is started: it blocks them in this thread and in those it
// starts from then on. SIGHUP never ends the process: it means "read your
// configuration again", as it does for other services. Also ignores SIGPIPE: a
// peer that goes away is an error to handle, not a reason to die. One in a
// process.
class StopSignals {
 public:
  StopSignals();
  // What has not been waited for stays blocked.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Blocks until SIGTERM or SIGINT comes and returns its number. Meanwhile each
  // SIGHUP calls `on_hangup`, in this thread.
  int Wait(const std::function<void()>& on_hangup) const;

  // From now on a SIGTERM or SIGINT ends the process at once, with 128 and its
  // number as the exit code; SIGHUP does nothing. Called at most once, after
  // Wait().
  void ExitOnNext();

 private:
  int signal_fd_ = -1;
  int stop_fd_ = -1;
  std::thread watcher_;
};

}  // namespace airlock
