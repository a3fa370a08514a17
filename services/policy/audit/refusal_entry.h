// Calls that were refused, as entries for the audit.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Something that is not permitted was tried. Everything but the reason may be
// empty: not known. Nothing of it may hold a secret.
struct Refusal {
  // Who tried.
  std::string actor;
  // About which agent.
  std::string agent;
  // What was called.
  std::string method;
  std::string reason;
  std::string message;
  // Where the calls came from.
  std::string peer_address;
  // Who tells of it; empty: this service saw it itself.
  std::string reported_by;
  // How many calls were refused alike.
  std::uint64_t count = 1;
  // When the first of them came; the infinite past: when it was recorded.
  absl::Time first_time = absl::InfinitePast();
};

// `left_out`: refused calls before it that no record tells of. Pure; texts are
// cut to a bound, as in every entry.
AuditEntry RefusalEntry(const Refusal& refusal, std::uint64_t left_out,
                        absl::Time now);

}  // namespace airlock::policy
