// What the loads share: how they call, and how they stop.
#pragma once

#include <grpcpp/client_context.h>

#include <memory>
#include <string>
#include <vector>

#include "airlock/v1/execution.grpc.pb.h"

namespace airlock {

// Says why on standard error and ends the process: a benchmark that goes on
// after an error measures nothing.
[[noreturn]] void StopBench(const std::string& why);

// Two minutes for a call, with the token in the environment's `variable`.
std::unique_ptr<grpc::ClientContext> BenchContext(
    const char* variable = "AIRLOCK_TOKEN");

// A system_command in a session that is the client's own, or, with "-", in a
// sandbox of its own.
airlock::v1::ExecuteRequest BenchCommand(const std::vector<std::string>& argv,
                                         const std::string& session,
                                         int client);

}  // namespace airlock
