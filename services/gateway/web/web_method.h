// The methods that the page may call, and their messages as JSON.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "services/gateway/calls/relayed_method.h"

namespace airlock::gateway {

struct WebMethod {
  RelayedMethod relayed;
  // An empty response, to make others of. Lives as long as the program.
  const google::protobuf::Message* response_prototype = nullptr;
};

// Immutable, so thread-safe.
class WebMethods {
 public:
  // `services` as AccessTable takes them.
  WebMethods(const std::vector<std::string>& services,
             absl::Duration unary_timeout, absl::Duration stream_timeout);

  // By a name such as "ApprovalService/ListApprovals"; null: there is none.
  const WebMethod* Find(absl::string_view name) const;

 private:
  absl::flat_hash_map<std::string, WebMethod> methods_;
};

// The bytes of a request in proto3 JSON. INVALID_ARGUMENT, reason
// MALFORMED_REQUEST: it is not that, or has a field that the request has not.
absl::StatusOr<grpc::ByteBuffer> RequestFromJson(const WebMethod& method,
                                                 absl::string_view json);

// A response; null: it is not one of this method.
std::unique_ptr<google::protobuf::Message> ParseResponse(
    const WebMethod& method, const grpc::ByteBuffer& response);

// In proto3 JSON, fields without a value among them.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace airlock::gateway
