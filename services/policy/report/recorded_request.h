// What can be told of a recorded execution.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "airlock/v1/approval.pb.h"
#include "services/policy/engine/action_facts.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// What the policy judges the request by; nothing: its bytes are not kept, or
// are not what was asked for. Pure.
std::optional<ActionFacts> FactsOfRecorded(const ExecutionHistory& recorded);

// The question that was asked about it; nullptr: there was none. Pure.
const airlock::v1::Approval* QuestionOf(const ExecutionHistory& recorded);

// From the question to the answer of a human; nothing: nobody answered. Pure.
std::optional<absl::Duration> TimeToAnswer(const ExecutionHistory& recorded);

// From the start to the end; nothing: one of them is not there. Pure.
std::optional<absl::Duration> RunTime(const airlock::v1::Execution& execution);

// What ended it, such as "exited", or its state, such as "denied". Pure.
std::string ResultWord(const airlock::v1::Execution& execution);

}  // namespace airlock::policy
