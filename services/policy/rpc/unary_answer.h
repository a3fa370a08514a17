// Finishes a unary call with what a callback brings.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/status/statusor.h"
#include "common/rpc/status.h"

namespace airlock::policy {

// A callback that fills the whole response, or finishes with the error.
// `reactor` and `response` live until it was called, which is once.
template <typename Response>
auto AnswerWith(grpc::ServerUnaryReactor* reactor, Response* response) {
  return [reactor, response](absl::StatusOr<Response> result) {
    if (result.ok()) *response = *std::move(result);
    reactor->Finish(ToGrpcStatus(result.status()));
  };
}

// A callback that puts an approval into the response.
template <typename Response>
auto AnswerWithApproval(grpc::ServerUnaryReactor* reactor, Response* response) {
  return [reactor, response](auto result) {
    if (result.ok()) *response->mutable_approval() = *std::move(result);
    reactor->Finish(ToGrpcStatus(result.status()));
  };
}

}  // namespace airlock::policy
