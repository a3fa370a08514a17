// What a request must be before it is passed on.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "absl/status/statusor.h"
#include "services/gateway/calls/relayed_method.h"

namespace airlock::gateway {

// The bytes to pass on: `request` itself, except that a `request_id` is put in
// where the method's request has that field and the client gave none.
//
// RESOURCE_EXHAUSTED, reason MESSAGE_TOO_LARGE: more than 16 MiB.
// INVALID_ARGUMENT, reason MALFORMED_REQUEST: not a message of this type, or a
// text that is not UTF-8; reason INVALID_FIELD: a field nobody here knows.
absl::StatusOr<grpc::ByteBuffer> CheckRequest(const RelayedMethod& method,
                                              const grpc::ByteBuffer& request);

}  // namespace airlock::gateway
