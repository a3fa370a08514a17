// Calls by name and bytes, for services without generated stubs.
#pragma once

#include <grpcpp/channel.h>

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock {

// Sends one message to "/package.Service/Method" and returns the first one
// that comes back; works for methods of every type. Waits at most 10 s.
absl::StatusOr<std::string> RawCall(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
    absl::string_view request,
    const std::map<std::string, std::string>& metadata = {});

// Whether grpc.health.v1 says SERVING for a service name such as "readiness".
absl::StatusOr<bool> IsServing(const std::shared_ptr<grpc::Channel>& channel,
                               absl::string_view service);

}  // namespace airlock
