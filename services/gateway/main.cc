// The front door: authenticates agents and relays their calls.
#include "common/process/service_app.h"
#include "services/gateway/gateway_app.h"
#include "services/gateway/gateway_config.h"

namespace {

airlock::ServiceMain::Prepared Prepare(
    const airlock::config::v1::Config& config,
    const airlock::ConfigSource& /*source*/, airlock::ProblemList& problems) {
  const airlock::gateway::GatewaySettings settings =
      airlock::gateway::GatewaySettingsFrom(config, problems);
  return {[settings]() -> absl::StatusOr<std::unique_ptr<airlock::ServiceApp>> {
            return airlock::gateway::GatewayApp::Start(settings);
          },
          settings.drain_timeout};
}

}  // namespace

int main(int argc, char** argv) {
  return airlock::RunServiceMain(
      argc, argv,
      {"airlock-gateway",
       "The front door of Airlock: authenticates agents and relays their "
       "calls to the policy service.",
       Prepare});
}
