// Where the programs that sshd starts find the host program.
#pragma once

#include <string>

#include "services/runner/unique_fd.h"

namespace airlock::runner {

// The socket of one executor's host, in a folder that only its account may
// enter. Files beside it: a lock that the host holds as long as it lives, and
// its log.
struct DoorPath {
  // An absolute path of at most 4000 bytes, as those of uploads.
  std::string folder;
  // Letters, digits, '-' and '_', at most 64.
  std::string executor;

  std::string socket() const { return folder + "/" + executor + ".sock"; }
  std::string lock() const { return folder + "/" + executor + ".lock"; }
  // What the host complains of.
  std::string log() const { return folder + "/" + executor + ".log"; }

  // Why it cannot be used; empty if it can.
  std::string Problem() const;
};

// The standard streams of a program that came, and the socket it waits on.
struct Visitor {
  UniqueFd door;
  UniqueFd in;
  UniqueFd out;
};

// Takes the lock. Invalid: another host holds it, or `errno` says why.
UniqueFd LockDoor(const DoorPath& path);

// Listens, in place of a socket that a dead host left. Needs the lock. Invalid:
// `errno` says why.
UniqueFd OpenDoor(const DoorPath& path);

// Goes to the host. Invalid: nobody is there.
UniqueFd Knock(const DoorPath& path);

// Hands our standard streams to the host behind `door`.
bool HandOver(int door);

// Takes who knocked. Without valid descriptors: nobody, somebody of another
// account, or one that said nothing of worth.
Visitor Admit(int listener);

}  // namespace airlock::runner
