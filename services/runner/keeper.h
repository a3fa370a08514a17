// A small process between the runner and a family that has neighbours.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "services/runner/launch.h"
#include "services/runner/start_error.h"

namespace airlock::runner {

// What the runner may tell a keeper, one packet each. The end of the channel
// means the same as kKill.
enum class KeeperOrder : std::uint8_t {
  // SIGTERM and SIGCONT to all of the family.
  kAsk = 1,
  // SIGKILL, until nothing of it is left.
  kKill = 2,
  // The leader's end was told. What is left lives on, and what it writes is
  // read and thrown away, so that it neither waits nor dies of that.
  kLetLive = 3,
};

enum class KeeperNews : std::uint32_t {
  kStarted = 1,
  kNotStarted = 2,
  kLeaderEnded = 3,
  // Nothing of the family is left. The keeper exits.
  kGone = 4,
};

// What a keeper tells, one packet each. Only it and the runner hold the
// channel, and both are not dumpable: nobody else can write to it.
struct KeeperReport {
  KeeperNews news = KeeperNews::kStarted;
  // With kLeaderEnded: its wait status.
  std::int32_t leader_status = 0;
  // As Family::leftovers() and cpu_time_us().
  std::uint32_t leftovers = 0;
  std::uint64_t cpu_time_us = 0;
  // With kNotStarted: a StartError, its reason by its place in kStartReasons,
  // its message cut and ended by a NUL.
  std::uint32_t reason = 0;
  std::array<char, 512> message = {};
};
static_assert(std::is_trivially_copyable_v<KeeperReport>);

// The error of a kNotStarted.
StartError ErrorOf(const KeeperReport& report);

// The life of a keeper, in a process that was forked for it: becomes the
// subreaper of what it starts, and is there until nothing of that is left.
//
// It shares its user with the family, so it can be killed from inside; the
// rest of what is done to the runner is done to it as well. It blocks all
// signals, which the caller has done, and holds nothing but `channel` and what
// it needs of `plan`. Once that runs it gives back the heap from `heap_end` on,
// so that it does not hold for others what the runner has for them.
[[noreturn]] void KeeperMain(const LaunchPlan& plan, int channel,
                             void* heap_end) noexcept;

}  // namespace airlock::runner
