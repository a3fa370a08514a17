// Everything that runs in the sandbox besides this program.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>

namespace airlock::runner {

// Signals and buries processes. As process 1 of a pid namespace it reaches
// every other process of it; else only the process groups it started, and it
// can prove nothing. Not thread-safe.
class Reaper {
 public:
  // Called with each process that has ended and its wait status.
  using Handler = std::function<void(pid_t pid, int status)>;

  Reaper();

  // Whether this is process 1 of its pid namespace.
  bool is_init() const { return is_init_; }

  // Sends `signal` to all processes, or where that would reach beyond the
  // sandbox to the group of `leader`.
  void SignalAll(pid_t leader, int signal) const;

  // Buries whoever has ended. Tells also of children that were stopped. Never
  // blocks.
  static void Reap(const Handler& on_ended,
                   const std::function<void(pid_t)>& on_stopped);

  // Processor time of all that were buried so far, and of what they buried, in
  // microseconds.
  static std::uint64_t BuriedCpuTimeUs();

  // Whether nothing is provably left, not even a zombie.
  bool ProvablyEmpty() const;

  // Whether no child is left: all that can be known when not process 1.
  static bool HasNoChild();

 private:
  const bool is_init_;
};

}  // namespace airlock::runner
