// What a standing approval covers.
#pragma once

#include <string>

#include "airlock/v1/standing_approval.pb.h"
#include "common/status/error.h"
#include "services/policy/standing/action_shape.h"

namespace airlock::policy {

// An action that somebody wants to run, as scopes see it.
struct StandingSubject {
  std::string agent;
  // The name of its session. Empty: a sandbox of its own.
  std::string session;
  // As Approval.action_hash: hexadecimal.
  std::string action_hash;
  ActionShape shape;
};

// Adds a violation for each field of `scope` that says what no scope may: below
// "scope". A scope has an agent and either a hash or a pattern with the fields
// of its kind and no others. Pure.
void CheckScope(const airlock::v1::StandingScope& scope,
                FieldViolations& violations);

// Whether all that a valid `scope` asks for holds. False for one that is not
// valid. Pure.
bool Covers(const airlock::v1::StandingScope& scope,
            const StandingSubject& subject);

// What it covers in one line, such as
// `agent "ci", session "s1": file_write in src`. Control, format and
// bidirectional characters are escaped, and long texts cut with "...". Pure.
std::string SummarizeScope(const airlock::v1::StandingScope& scope);

}  // namespace airlock::policy
