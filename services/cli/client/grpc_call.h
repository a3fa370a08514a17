// Calls over gRPC with this program's credential, deadlines and patience.
#pragma once

#include <grpcpp/client_context.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/rpc/deadline.h"
#include "services/cli/client/connection.h"

namespace airlock::cli {

// The longest a call without a stream takes, all its attempts together.
inline constexpr absl::Duration kCallTimeout = absl::Seconds(30);
inline constexpr int kCallAttempts = 4;
inline constexpr absl::Duration kFirstPause = absl::Milliseconds(200);

// Puts the token, if there is one, into the call's header.
void Authorize(grpc::ClientContext& context, const Connection& connection);

// The error of a call, where it was the way there with words for a person.
// `cert_file` is the certificate that was shown, "" if none was.
absl::Status InWords(const grpc::Status& status, const std::string& endpoint,
                     const std::string& cert_file);

// Which errors are worth another call.
enum class Retry { kWhileUnreachable, kNever };

// A unary method of a stub.
template <typename Stub, typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&,
                                      Response*);

// Calls until it works, until something else than the way there is wrong, or
// until it was tried often enough.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(const Connection& connection, Stub& stub,
                              Method<Stub, Request, Response> method,
                              const Request& request,
                              Retry retry = Retry::kWhileUnreachable) {
  const absl::Time deadline = absl::Now() + kCallTimeout;
  absl::Duration pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    SetDeadline(context, deadline);
    Authorize(context, connection);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (status.ok()) return response;
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE ||
        retry == Retry::kNever || attempt == kCallAttempts ||
        absl::Now() + pause > deadline) {
      return InWords(status, connection.endpoint, connection.cert_file);
    }
    absl::SleepFor(pause);
    pause *= 2;
  }
}

}  // namespace airlock::cli
