// Every metric of the gateway's own, named once.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstdint>

#include "absl/strings/string_view.h"

namespace airlock::gateway {

// Thread-safe. The registry must outlive this.
class GatewayMetrics {
 public:
  explicit GatewayMetrics(prometheus::Registry& registry);

  // Calls that were admitted and have not ended.
  prometheus::Gauge& calls_in_flight() { return calls_in_flight_; }

  // Connections of browsers that are open.
  prometheus::Gauge& web_connections() { return web_connections_; }

  // 1 while the channel to a policy replica is up.
  prometheus::Gauge& policy_connected() { return policy_connected_; }

  // A call that the gateway itself refused, by the reason in its error; one of
  // those that exist from the start, else it counts as "OTHER".
  void CountRefusal(absl::string_view reason);

  // Refused calls that the audit is told of by their number only.
  void CountLeftOut(std::uint64_t calls) {
    left_out_.Increment(static_cast<double>(calls));
  }

 private:
  prometheus::Gauge& calls_in_flight_;
  prometheus::Gauge& web_connections_;
  prometheus::Gauge& policy_connected_;
  prometheus::Family<prometheus::Counter>& refusals_;
  prometheus::Counter& left_out_;
};

}  // namespace airlock::gateway
