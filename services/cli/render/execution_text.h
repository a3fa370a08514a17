// Executions in one line for people.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/action.pb.h"
#include "airlock/v1/execution.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace airlock::cli {

// "code_exec": the kind as the configuration writes it.
std::string KindWord(airlock::v1::ActionKind kind);

// "finished": the state in lower case.
std::string StateWord(airlock::v1::Execution::State state);

// "exited 0", "timed out", "denied": where it stands or how it ended.
std::string StandingText(const airlock::v1::Execution& execution);

// Why it ended as it did, in one line: "denied by autonomy.blockedActions:
// ...". Empty for a process that exited by itself.
std::string WhyText(const airlock::v1::Execution& execution);

// "2026-11-23T10:15:00Z"; "-" when unset.
std::string TimeText(const google::protobuf::Timestamp& time);

}  // namespace airlock::cli
