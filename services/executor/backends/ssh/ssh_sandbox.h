// A cell with a runner in it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "services/executor/backends/ssh/cell_stream.h"
#include "services/executor/sandbox/runner_client.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// As Sandbox. Destruction closes the cell.
class SshSandbox final : public Sandbox {
 public:
  SshSandbox(std::shared_ptr<Cell> cell, std::shared_ptr<RunnerClient> runner,
             std::weak_ptr<CellSender> sender);
  ~SshSandbox() override;

  std::shared_ptr<SandboxProcess> Run(
      ProcessSpec spec, std::shared_ptr<ProcessObserver> observer) override;
  std::string image_id() const override { return ""; }
  bool usable() const override { return !destroyed_ && runner_->usable(); }
  absl::Status Destroy(absl::Time deadline) override;

 private:
  const std::shared_ptr<Cell> cell_;
  const std::shared_ptr<RunnerClient> runner_;
  const std::weak_ptr<CellSender> sender_;
  std::atomic<bool> destroyed_ = false;
};

// What is known of a process whose sandbox failed: if its host said how the
// cell ended, nothing of it runs; without the host its outcome is unknown.
// Pure.
ProcessEnd ExplainCellEnd(ProcessEnd end, const std::optional<CellEnd>& cell,
                          bool host_is_there);

}  // namespace airlock::executor
