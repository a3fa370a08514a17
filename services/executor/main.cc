// airlock-executor: runs what policy replicas permit, in sandboxes.
#include "common/process/service_app.h"
#include "services/executor/backend_factory.h"
#include "services/executor/executor_app.h"
#include "services/executor/executor_config.h"

int main(int argc, char** argv) {
  using airlock::executor::ExecutorApp;
  using airlock::executor::ExecutorConfig;

  airlock::ServiceMain service;
  service.name = "airlock-executor";
  service.description =
      "Dials the policy service and runs what it permits, in sandboxes.";
  service.prepare = [](const airlock::config::v1::Config& file,
                       const airlock::ConfigSource& /*source*/,
                       airlock::ProblemList& problems) {
    const ExecutorConfig config =
        airlock::executor::ExecutorConfigFromProto(file, problems);
    return airlock::ServiceMain::Prepared{
        [config]() -> absl::StatusOr<std::unique_ptr<airlock::ServiceApp>> {
          return ExecutorApp::Start(
              config, airlock::executor::MakeBackendFactory(config));
        },
        config.drain_timeout};
  };
  return airlock::RunServiceMain(argc, argv, service);
}
