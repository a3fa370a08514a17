// absl::Status on the wire.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace airlock {

// The same code and message; payloads become the details of the
// `grpc-status-details-bin` trailer, as google.rpc.Status.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The way back. Details that cannot be read are dropped; code and message stay.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace airlock
