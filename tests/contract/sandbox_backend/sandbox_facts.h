// Facts every SandboxBackend must keep, whatever it is made of.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "services/executor/sandbox/sandbox_backend.h"
#include "tests/contract/sandbox_backend/process_recorder.h"

namespace airlock {

// A backend under test. A new backend adds one of these and inherits every
// test of sandbox_facts.cc.
struct BackendUnderTest {
  std::string name;
  // A new backend, ready to use. Skips the test where there is no engine.
  std::function<std::unique_ptr<executor::SandboxBackend>()> make;
  // Limits it can give.
  executor::SandboxSpec spec;
  // Empty: it has no images.
  std::string unknown_image;
  // Programs that write so many bytes to standard output; that say a word on
  // standard error; that ignore SIGTERM and go on for ever.
  std::function<executor::ProcessSpec(std::uint64_t)> write_bytes;
  std::function<executor::ProcessSpec(std::string)> complain;
  std::function<executor::ProcessSpec()> ignore_sigterm;
  // Programs that leave one in the background and exit; that start one there,
  // where it is hard to find, say "up" and go on for ever; that print how many
  // of those there are.
  std::function<executor::ProcessSpec()> leave_behind;
  std::function<executor::ProcessSpec()> start_daemon;
  std::function<executor::ProcessSpec()> count_background;
};

inline void PrintTo(const BackendUnderTest& backend, std::ostream* out) {
  *out << backend.name;
}

// One backend and, on demand, one sandbox of it.
class SandboxFacts : public testing::TestWithParam<BackendUnderTest> {
 protected:
  void SetUp() override;
  void TearDown() override;

  absl::StatusOr<std::unique_ptr<executor::Sandbox>> TryCreate(
      const executor::SandboxSpec& spec);
  // The sandbox of this test, made when first asked for.
  executor::Sandbox& sandbox();
  // Starts a program in it.
  std::shared_ptr<ProcessRecorder> Run(executor::ProcessSpec spec);
  std::shared_ptr<ProcessRecorder> RunParallel(executor::ProcessSpec spec);
  // What count_background() prints, beside all that runs.
  std::string CountBackground();

  std::unique_ptr<executor::SandboxBackend> backend_;
  // Of the last Run().
  std::shared_ptr<executor::SandboxProcess> process_;

 private:
  std::unique_ptr<executor::Sandbox> sandbox_;
};

}  // namespace airlock
