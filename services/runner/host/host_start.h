// How a host program comes to be.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "services/runner/host/door.h"

namespace airlock::runner {

// Where HostStart looks. The defaults are those of every Linux.
struct HostPlaces {
  std::string cgroups = "/sys/fs/cgroup";
  // Has a folder for each account that systemd serves, named by its number.
  std::string users = "/run/user";
  // There where systemd is process 1.
  std::string systemd = "/run/systemd/system";
  // What is started as `PROGRAM host ...`.
  std::string program = "/proc/self/exe";
  // For systemd to give a cgroup. Who waits for a line gives it not much more.
  std::chrono::milliseconds delegation_limit = std::chrono::seconds(6);
};

// Starts the host of one executor in a session of its own, its complaints in a
// file: it outlives us and sshd. Where the account has a systemd of its own the
// host begins in a cgroup that is delegated to it; where that does not give one
// in time it begins without, and is told why not. Not thread-safe.
class HostStart {
 public:
  // `cgroup` is what the host is told to look for.
  HostStart(DoorPath door, std::string cgroup, HostPlaces places = {});

  // To be called while nobody answers: starts it where none runs, or tries the
  // next way where the last one failed.
  void Advance();

  // Where it complains.
  std::string log() const {
    return door_.folder + "/" + door_.executor + ".log";
  }

 private:
  using Clock = std::chrono::steady_clock;

  // Whether no host holds the lock.
  bool IsFree() const;
  void BeginFirst();
  void BeginDelegated();
  void BeginAlone();
  // Empty: a cgroup may still come of it, or there is a host.
  std::string WhyNotDelegated();
  std::vector<std::string> HostWords() const;
  // What systemd keeps for this account.
  std::string RuntimeFolder() const;
  // The last line of the log.
  std::string LastWords() const;

  const DoorPath door_;
  const std::string cgroup_;
  const HostPlaces places_;
  bool started_ = false;
  // Of systemd-run, which becomes the host unless it fails; -1: nobody.
  pid_t delegating_ = -1;
  Clock::time_point began_;
  // Why no cgroup is delegated; empty: no reason is known.
  std::string undelegated_;
};

}  // namespace airlock::runner
