// Who may make which call, and how many.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rpc/access.h"
#include "common/security/authenticator.h"
#include "services/gateway/admission/admission.h"
#include "services/gateway/admission/call_rate.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/refusals/refusal_reporter.h"

namespace airlock::gateway {

// A call that may go on. Its place is given back when this goes.
struct AdmittedCall {
  Principal principal;
  CallTicket ticket;
};

// Asked before anything of a call's request is read, whichever way it came. All
// arguments must outlive it. Thread-safe.
class CallGate {
 public:
  CallGate(const AccessTable& access, Authenticator& authenticator,
           Admission& admission, CallRate& call_rate, GatewayMetrics& metrics,
           RefusalReporter& refusals)
      : access_(access),
        authenticator_(authenticator),
        admission_(admission),
        call_rate_(call_rate),
        metrics_(metrics),
        refusals_(refusals) {}

  // `method` is full, such as "airlock.v1.ExecutionService.Execute". Whom it
  // refuses because of who they are, the audit hears of; every refusal is
  // counted. Errors are those of AuthorizePrincipal(), CallRate and Admission.
  absl::StatusOr<AdmittedCall> Admit(absl::string_view method,
                                     const ShownCredentials& shown,
                                     absl::string_view peer_address);

  // Counts what was refused later, for what was asked.
  void CountRefusal(const absl::Status& status);

 private:
  const AccessTable& access_;
  Authenticator& authenticator_;
  Admission& admission_;
  CallRate& call_rate_;
  GatewayMetrics& metrics_;
  RefusalReporter& refusals_;
};

}  // namespace airlock::gateway
