// Who called.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

namespace airlock {

// The header of the call; empty without one.
inline std::string AuthorizationOf(const grpc::ServerContext& context) {
  const auto found = context.client_metadata().find("authorization");
  if (found == context.client_metadata().end()) return "";
  return std::string(found->second.data(), found->second.size());
}

}  // namespace airlock
