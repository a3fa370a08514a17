#include "services/gateway/gateway_metrics.h"

#include <algorithm>
#include <array>
#include <string>

namespace airlock::gateway {
namespace {

constexpr std::array<const char*, 11> kReasons = {"TOKEN_MISSING",
                                                  "TOKEN_INVALID",
                                                  "ROLE_NOT_ALLOWED",
                                                  "CERTIFICATE_INVALID",
                                                  "CREDENTIALS_DISAGREE",
                                                  "TOO_MANY_CALLS",
                                                  "CALL_RATE_EXCEEDED",
                                                  "MESSAGE_TOO_LARGE",
                                                  "MALFORMED_REQUEST",
                                                  "INVALID_FIELD",
                                                  "OTHER"};

}  // namespace

GatewayMetrics::GatewayMetrics(prometheus::Registry& registry)
    : calls_in_flight_(prometheus::BuildGauge()
                           .Name("airlock_gateway_calls_in_flight")
                           .Help("Admitted calls that have not ended.")
                           .Register(registry)
                           .Add({})),
      web_connections_(prometheus::BuildGauge()
                           .Name("airlock_gateway_web_connections")
                           .Help("Connections of browsers that are open.")
                           .Register(registry)
                           .Add({})),
      policy_connected_(
          prometheus::BuildGauge()
              .Name("airlock_gateway_policy_connected")
              .Help("1 while the channel to a policy replica is up.")
              .Register(registry)
              .Add({})),
      refusals_(prometheus::BuildCounter()
                    .Name("airlock_gateway_refusals_total")
                    .Help("Calls the gateway itself refused, by reason.")
                    .Register(registry)),
      left_out_(prometheus::BuildCounter()
                    .Name("airlock_gateway_refusals_left_out_total")
                    .Help("Refused calls that the audit only counts.")
                    .Register(registry)
                    .Add({})) {
  for (const char* reason : kReasons) refusals_.Add({{"reason", reason}});
}

void GatewayMetrics::CountRefusal(absl::string_view reason) {
  const bool known =
      std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
  refusals_.Add({{"reason", known ? std::string(reason) : "OTHER"}})
      .Increment();
}

}  // namespace airlock::gateway
