// All that runs because of one process: its leader and whatever that started.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "services/runner/launch.h"
#include "services/runner/start_error.h"

namespace airlock::runner {

// Hears of a family. Everything comes on the loop's thread; a call may come
// before the one that caused it has returned.
class FamilyListener {
 public:
  virtual ~FamilyListener() = default;

  virtual void OnStarted() = 0;
  // Nothing ever ran, and nothing more is heard.
  virtual void OnNotStarted(const StartError& error) = 0;
  // The leader is over, with this wait status; others may not be.
  virtual void OnLeaderEnded(int status) = 0;
  // Nothing is left, `provably` or as far as can be known. Nothing more is
  // heard.
  virtual void OnGone(bool provably) = 0;
};

// Starts a leader and reaches all that comes of it. Not thread-safe.
class Family {
 public:
  virtual ~Family() = default;

  // Called once.
  virtual void Start(const LaunchPlan& plan) = 0;

  // Asks all of it to end: SIGTERM, and SIGCONT for who is stopped.
  virtual void Ask() = 0;

  // Kills it again and again until nothing is left, and tells that, also if it
  // was told before. Who waits for it has a limit of its own.
  virtual void Kill() = 0;

  // Its leader has ended; the rest of it lives on, and nothing more is heard.
  virtual void LetLive() = 0;

  // Once the leader has ended: others that run, or that outlived it and were
  // killed.
  virtual std::uint32_t leftovers() const = 0;

  // Processor time of those that have ended, in microseconds.
  virtual std::uint64_t cpu_time_us() const = 0;

  // A child of this program was buried that is nobody's keeper.
  virtual void OnBuried(pid_t /*pid*/, int /*status*/) {}
  // Follows a round of OnBuried().
  virtual void AfterBurying() {}
};

}  // namespace airlock::runner
