#include "services/gateway/gateway_metrics.h"

#include <gmock/gmock.h>
#include <prometheus/text_serializer.h>

namespace airlock::gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(GatewayMetricsTest, RefusalsCountByReasonAndNothingElse) {
  prometheus::Registry registry;
  GatewayMetrics metrics(registry);

  metrics.CountRefusal("TOKEN_INVALID");
  metrics.CountRefusal("something of an agent's");

  EXPECT_THAT(
      prometheus::TextSerializer().Serialize(registry.Collect()),
      AllOf(HasSubstr(
                "airlock_gateway_refusals_total{reason=\"TOKEN_INVALID\"} 1"),
            HasSubstr(
                "airlock_gateway_refusals_total{reason=\"TOKEN_MISSING\"} 0"),
            HasSubstr("airlock_gateway_refusals_total{reason=\"OTHER\"} 1"),
            HasSubstr("airlock_gateway_calls_in_flight 0"),
            HasSubstr("airlock_gateway_policy_connected 0"),
            Not(HasSubstr("agent's"))));
}

}  // namespace
}  // namespace airlock::gateway
