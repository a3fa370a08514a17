// airlock-policy: decides, remembers and dispatches.
#include "common/process/service_app.h"
#include "services/policy/policy_app.h"
#include "services/policy/policy_config.h"

int main(int argc, char** argv) {
  using airlock::policy::PolicyApp;
  using airlock::policy::PolicyConfig;

  airlock::ServiceMain service;
  service.name = "airlock-policy";
  service.description =
      "Decides what agents may run, remembers it and gives it to executors.";
  service.prepare = [](const airlock::config::v1::Config& file,
                       const airlock::ConfigSource& source,
                       airlock::ProblemList& problems) {
    PolicyConfig config =
        airlock::policy::PolicyConfigFromProto(file, problems);
    config.source = source;
    return airlock::ServiceMain::Prepared{
        [config]() -> absl::StatusOr<std::unique_ptr<airlock::ServiceApp>> {
          return PolicyApp::Start(config);
        },
        config.drain_timeout};
  };
  return airlock::RunServiceMain(argc, argv, service);
}
