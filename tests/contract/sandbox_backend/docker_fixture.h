// A real engine for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "services/executor/backends/docker/docker_backend.h"
#include "tests/contract/sandbox_backend/process_recorder.h"
#include "tests/contract/sandbox_backend/programs.h"

namespace airlock {

// Options with labels nobody else has.
executor::DockerOptions TestOptions();

// A process from its start to its end.
struct Finished {
  executor::ProcessEnd end;
  std::string out;
  std::string err;
};
Finished RunIn(executor::Sandbox& sandbox, executor::ProcessSpec spec);

// A backend over the machine's engine. Skips where there is none.
class DockerTest : public testing::Test {
 protected:
  void SetUp() override;

  // A sandbox; throws when it cannot be made.
  std::unique_ptr<executor::Sandbox> Create(
      const executor::SandboxSpec& spec = TestSpec());
  // Runs a shell line in a new sandbox.
  Finished Shell(const std::string& line,
                 const executor::SandboxSpec& spec = TestSpec());
  // Runs a Python program in a new sandbox.
  Finished Python(const std::string& code,
                  const executor::SandboxSpec& spec = TestSpec());

  executor::DockerOptions options_ = TestOptions();
  std::unique_ptr<executor::DockerBackend> backend_;
  // The engine itself, to look and to disturb.
  std::unique_ptr<executor::DockerClient> engine_;
  std::unique_ptr<executor::DockerContainers> containers_;
};

// The engine's own client over `transport`.
executor::DockerAddress LocalEngine();
bool EngineIsThere();

}  // namespace airlock
