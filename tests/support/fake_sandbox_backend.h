// Sandboxes that run nothing but behave: for tests of what stands above them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock {

struct FakeBackendState;

// Plays a few commands, each on a thread of its own, with real credits,
// limits, timeouts and cancellation:
//
//   echo WORDS...   exit N   sleep SECONDS   cat   env   pwd
//   stderr WORDS...   spam BYTES   signal N   crash
//   hang            ignores SIGTERM: ends only when the grace is over
//
// `/bin/sh -c "LINE"` plays LINE; an interpreter (python3, sh, bash, node)
// plays the first line of its file. Anything else is COMMAND_NOT_FOUND.
//
// Has every image but those named "airlock/no-such...".
//
// Thread-safe. Sandboxes must be gone before the backend.
class FakeSandboxBackend final : public executor::SandboxBackend {
 public:
  explicit FakeSandboxBackend(absl::string_view name = "docker");
  ~FakeSandboxBackend() override;

  std::string name() const override { return name_; }
  absl::StatusOr<std::unique_ptr<executor::Sandbox>> Create(
      const executor::SandboxSpec& spec, absl::string_view execution_id,
      absl::Time deadline, const executor::ProgressFunction& progress) override;
  absl::Status Check(absl::Time deadline) override;
  absl::StatusOr<std::vector<executor::BackendImage>> ListImages(
      absl::Time deadline) override;
  absl::StatusOr<int> RemoveLeftovers(absl::Time deadline) override;

  // The next Create() fails with `error`.
  void FailNextCreate(absl::Status error);
  // Every Create() fails with `error` from now on; OK: none does.
  void FailCreates(absl::Status error);
  // Its image has this id from now on.
  void SetImageId(std::string id);
  // What the runner's probe says of `name` from now on, in sandboxes that keep
  // every limit to begin with. Empty: that again.
  void SetProbeLine(const std::string& name, std::string values);
  // While `held`, Create() waits, until its deadline at most.
  void HoldCreates(bool held);
  // The next `count` calls of Destroy() fail with kUnavailable.
  void FailNextDestroys(int count);
  // What Check() answers from now on. OK to begin with.
  void SetCheck(absl::Status status);
  // What the next RemoveLeftovers() finds.
  void SetLeftovers(int count);
  // Blocks until RemoveLeftovers() has found them; whether it came to that.
  bool WaitForNoLeftovers(absl::Duration timeout);
  // Processes that end from now on do or do not claim to have left nothing.
  void SetProcessesEndEmpty(bool empty);
  // No sandbox there is can be used any more, and every process that runs ends
  // as kSandboxFailed, as after `docker rm -f`.
  void LoseSandboxes();

  // In the order they were created.
  std::vector<executor::SandboxSpec> created_specs() const;
  // In the order they were started.
  std::vector<executor::ProcessSpec> started_processes() const;
  // How often Create() failed because of FailCreates().
  int failed_creates() const;
  // Blocks until exactly `count` calls of Create() are held.
  bool WaitForCreating(int count, absl::Duration timeout) const;
  // Blocks until `count` sandboxes were created in all.
  bool WaitForCreated(std::size_t count, absl::Duration timeout) const;
  // Created and not yet destroyed.
  int live_sandboxes() const;
  // Started and not yet ended.
  int running_processes() const;
  // Blocks until `count` processes were started, all in all.
  bool WaitForStarted(int count, absl::Duration timeout) const;
  // Blocks until exactly `count` sandboxes live.
  bool WaitForLiveSandboxes(int count, absl::Duration timeout) const;

 private:
  const std::string name_;
  const std::shared_ptr<FakeBackendState> state_;
};

}  // namespace airlock
