// Deadlines of calls as absl::Time.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace airlock {

// Every outgoing call gets one.
inline void SetDeadline(grpc::ClientContext& context, absl::Time deadline) {
  // gRPC takes a time before 1970 for "never".
  context.set_deadline(
      absl::ToChronoTime(std::max(deadline, absl::UnixEpoch())));
}

// The same, from now on.
inline void SetTimeout(grpc::ClientContext& context, absl::Duration timeout) {
  SetDeadline(context, absl::Now() + timeout);
}

// The caller's deadline; absl::InfiniteFuture() if it set none.
inline absl::Time DeadlineOf(const grpc::ServerContextBase& context) {
  // In raw form: as a std::chrono time point "none" would be a date.
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
    return absl::InfiniteFuture();
  }
  return absl::FromChrono(context.deadline());
}

// The caller's deadline, but at most `longest` from now.
inline absl::Time DeadlineOf(const grpc::ServerContextBase& context,
                             absl::Duration longest) {
  return std::min(DeadlineOf(context), absl::Now() + longest);
}

}  // namespace airlock
