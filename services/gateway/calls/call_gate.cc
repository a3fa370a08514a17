#include "services/gateway/calls/call_gate.h"

#include <utility>

#include "common/status/error.h"

namespace airlock::gateway {

absl::StatusOr<AdmittedCall> CallGate::Admit(absl::string_view method,
                                             const ShownCredentials& shown,
                                             absl::string_view peer_address) {
  absl::StatusOr<Principal> principal =
      AuthorizePrincipal(access_, method, shown, authenticator_);
  if (!principal.ok()) {
    refusals_.Add(method, ErrorReason(principal.status()),
                  ErrorDetail(principal.status(), "principal"),
                  std::string(peer_address));
    CountRefusal(principal.status());
    return principal.status();
  }
  // People and auditors are few, and must get through while an agent does not.
  if (principal->role == airlock::v1::PRINCIPAL_ROLE_AGENT) {
    const absl::Status in_time = call_rate_.Take(principal->id);
    if (!in_time.ok()) {
      CountRefusal(in_time);
      return in_time;
    }
  }
  absl::StatusOr<CallTicket> ticket = admission_.Admit(principal->id);
  if (!ticket.ok()) {
    CountRefusal(ticket.status());
    return ticket.status();
  }
  return AdmittedCall{*std::move(principal), *std::move(ticket)};
}

void CallGate::CountRefusal(const absl::Status& status) {
  metrics_.CountRefusal(ErrorReason(status));
}

}  // namespace airlock::gateway
