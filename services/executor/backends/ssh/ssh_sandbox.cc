#include "services/executor/backends/ssh/ssh_sandbox.h"

#include <optional>
#include <utility>

#include "services/executor/sandbox/forwarding_observer.h"
#include "services/executor/sandbox/process_end.h"

namespace airlock::executor {
namespace {

class CellEndExplainer final : public ForwardingObserver {
 public:
  CellEndExplainer(std::shared_ptr<ProcessObserver> observer,
                   std::shared_ptr<Cell> cell, std::weak_ptr<CellSender> sender)
      : ForwardingObserver(std::move(observer)),
        cell_(std::move(cell)),
        sender_(std::move(sender)) {}

  void OnEnded(const ProcessEnd& end) override {
    const std::shared_ptr<CellSender> sender = sender_.lock();
    observer()->OnEnded(ExplainCellEnd(
        end, cell_->end(), sender != nullptr && sender->IsHostThere()));
  }

 private:
  const std::shared_ptr<Cell> cell_;
  const std::weak_ptr<CellSender> sender_;
};

}  // namespace

ProcessEnd ExplainCellEnd(ProcessEnd end, const std::optional<CellEnd>& cell,
                          bool host_is_there) {
  if (end.ended_by != EndedBy::kSandboxFailed ||
      end.reason == kDestroyedReason) {
    return end;
  }
  if (!cell.has_value()) {
    const bool is_silent = end.reason == kSilentReason;
    if (is_silent && host_is_there) {
      end.message =
          "the runner in the sandbox does not answer, though its host does; "
          "the sandbox is removed";
    } else if (is_silent || end.reason == kGoneReason) {
      end.ended_by = EndedBy::kOutcomeUnknown;
      end.reason = "HOST_LOST";
    }
    // With any other reason it was us who gave it up, and the host was there.
    return end;
  }
  // With process 1 of its pid namespace everything in it is gone.
  end.empty = true;
  end.reason = cell->reason;
  end.message = cell->message;
  if (cell->out_of_memory) {
    end.ended_by = EndedBy::kOutOfMemory;
    end.hit_memory = true;
    end.reason = "SANDBOX_OUT_OF_MEMORY";
    end.message = "the kernel ended the whole sandbox for memory";
  }
  return end;
}

SshSandbox::SshSandbox(std::shared_ptr<Cell> cell,
                       std::shared_ptr<RunnerClient> runner,
                       std::weak_ptr<CellSender> sender)
    : cell_(std::move(cell)),
      runner_(std::move(runner)),
      sender_(std::move(sender)) {}

SshSandbox::~SshSandbox() {
  const std::shared_ptr<CellSender> sender = sender_.lock();
  if (sender != nullptr) sender->SendClose(cell_);
}

std::shared_ptr<SandboxProcess> SshSandbox::Run(
    ProcessSpec spec, std::shared_ptr<ProcessObserver> observer) {
  return runner_->Run(
      std::move(spec),
      std::make_shared<CellEndExplainer>(std::move(observer), cell_, sender_));
}

absl::Status SshSandbox::Destroy(absl::Time deadline) {
  if (destroyed_) return absl::OkStatus();
  runner_->Abort(kDestroyedReason, "the sandbox was destroyed");
  const std::shared_ptr<CellSender> sender = sender_.lock();
  if (sender != nullptr) sender->SendClose(cell_);
  if (!cell_->WaitFinished(deadline)) {
    return absl::DeadlineExceededError(
        "the host did not say in time that the sandbox is gone");
  }
  destroyed_ = true;
  return absl::OkStatus();
}

}  // namespace airlock::executor
