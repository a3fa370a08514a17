#include "tests/contract/sandbox_backend/docker_fixture.h"

#include <stdexcept>
#include <utility>

#include "absl/time/clock.h"
#include "common/http/curl_transport.h"
#include "common/security/random.h"
#include "tests/support/status_matchers.h"

namespace airlock {

using executor::DockerBackend;
using executor::DockerClient;
using executor::DockerContainers;
using executor::SandboxSpec;

executor::DockerAddress LocalEngine() {
  return *executor::ParseDockerEndpoint(executor::DockerOptions().endpoint,
                                        /*tls=*/false);
}

bool EngineIsThere() {
  const executor::DockerAddress address = LocalEngine();
  HttpEndpoint endpoint;
  endpoint.unix_socket_path = address.unix_socket_path;
  DockerClient client(std::make_shared<CurlTransport>(endpoint), address);
  return client.Ping(absl::Now() + absl::Seconds(5)).ok();
}

executor::DockerOptions TestOptions() {
  executor::DockerOptions options;
  options.executor_id = "test-" + RandomUuid();
  options.boot = RandomUuid();
  options.runner_path = AIRLOCK_RUNNER_PATH;
  return options;
}

Finished RunIn(executor::Sandbox& sandbox, executor::ProcessSpec spec) {
  const auto recorder = std::make_shared<ProcessRecorder>();
  sandbox.Run(std::move(spec), recorder);
  Finished finished;
  finished.end = recorder->WaitEnded();
  finished.out = recorder->standard_output();
  finished.err = recorder->standard_error();
  return finished;
}

void DockerTest::SetUp() {
  ASSERT_TRUE(EngineIsThere()) << "run deploy/engine.sh";
  const executor::DockerAddress address = LocalEngine();
  HttpEndpoint endpoint;
  endpoint.unix_socket_path = address.unix_socket_path;
  engine_ = std::make_unique<DockerClient>(
      std::make_shared<CurlTransport>(endpoint), address);
  containers_ = std::make_unique<DockerContainers>(*engine_);
  auto backend = DockerBackend::Open(options_);
  ASSERT_THAT(backend, IsOk());
  backend_ = *std::move(backend);
}

std::unique_ptr<executor::Sandbox> DockerTest::Create(const SandboxSpec& spec) {
  auto created = backend_->Create(spec, "docker-test", Soon(), nullptr);
  if (!created.ok()) throw std::runtime_error(created.status().ToString());
  return *std::move(created);
}

Finished DockerTest::Shell(const std::string& line, const SandboxSpec& spec) {
  return RunIn(*Create(spec), ShellLine(line));
}

Finished DockerTest::Python(const std::string& code, const SandboxSpec& spec) {
  return RunIn(*Create(spec), TestProcess({"python3", "-c", code}));
}

}  // namespace airlock
