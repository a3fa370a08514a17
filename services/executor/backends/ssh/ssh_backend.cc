#include "services/executor/backends/ssh/ssh_backend.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "common/text_escape/escape.h"
#include "services/executor/backends/ssh/ssh_sandbox.h"
#include "services/executor/sandbox/runner_pids.h"
#include "services/executor/sandbox/spec_check.h"

namespace airlock::executor {
namespace {

// From the request to a runner that is ready, a reconnect included: later the
// host has given up what it had.
constexpr absl::Duration kReadyLimit = absl::Seconds(30);

}  // namespace

absl::StatusOr<runner::v1::OpenCell> CellRequest(const SandboxSpec& spec) {
  FieldViolations violations;
  CheckSandboxSpec(spec, violations);
  if (!spec.image.empty() || !spec.image_id.empty()) {
    violations.Add("spec.image", "must be empty: an SSH host has no images");
  }
  if (!spec.mounts.empty()) {
    violations.Add("spec.mounts",
                   "must be empty: sandboxes on an SSH host share no folders");
  }
  if (!spec.runtime.empty()) {
    violations.Add("spec.runtime",
                   "must be empty: an SSH host has no container runtimes");
  }
  if (!violations.empty()) return violations.ToStatus();
  const std::pair<std::string, std::string> user =
      absl::StrSplit(spec.user, ':');
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  // CheckSandboxSpec() saw two numbers.
  if (!absl::SimpleAtoi(user.first, &uid) ||
      !absl::SimpleAtoi(user.second, &gid)) {
    return absl::InternalError("a checked user is no number");
  }
  runner::v1::OpenCell request;
  request.set_memory_bytes(spec.memory_bytes);
  request.set_cpu_millis(spec.cpu_millis);
  request.set_pids(spec.pids + RunnerPids(spec));
  request.set_workspace_bytes(spec.workspace_bytes);
  request.set_tmp_bytes(spec.tmp_bytes);
  request.set_inodes(spec.inodes);
  request.set_network(spec.network_mode != "none");
  request.set_uid(uid);
  request.set_gid(gid);
  return request;
}

SshBackend::SshBackend(SshOptions options, const Clock& clock)
    : best_effort_(options.best_effort),
      link_(std::move(options.link), clock) {}

absl::StatusOr<std::unique_ptr<Sandbox>> SshBackend::Create(
    const SandboxSpec& spec, absl::string_view /*execution_id*/,
    absl::Time deadline, const ProgressFunction& progress) {
  absl::StatusOr<runner::v1::OpenCell> request = CellRequest(spec);
  if (!request.ok()) return request.status();
  request->set_best_effort(best_effort_);
  if (absl::Now() >= deadline) {
    return absl::DeadlineExceededError("the deadline has passed");
  }
  if (progress) progress("connecting to the host", 0, 0);
  const absl::Status connected = link_.WaitConnected(deadline);
  if (!connected.ok()) return connected;
  if (progress) progress("starting sandbox", 0, 0);
  const std::shared_ptr<Cell> cell = link_.talk().Open(*std::move(request));
  auto runner =
      std::make_shared<RunnerClient>(MakeCellStream(cell, link_.sender()));
  const absl::Status ready =
      runner->WaitReady(std::min(deadline, absl::Now() + kReadyLimit));
  if (!ready.ok()) {
    const std::optional<CellEnd> end = cell->end();
    // What a host or a runner complained with is in it, whatever bytes it is.
    const std::string message = EscapeRendered(ready.message());
    if (!end.has_value()) return absl::Status(ready.code(), message);
    return MakeError(end->reason == "LIMITS_NOT_ENFORCED"
                         ? absl::StatusCode::kFailedPrecondition
                         : absl::StatusCode::kUnavailable,
                     end->reason, message);
  }
  keeper_.Add(runner);
  return std::make_unique<SshSandbox>(cell, std::move(runner), link_.sender());
}

absl::Status SshBackend::Check(absl::Time deadline) {
  const absl::Status connected = link_.WaitConnected(deadline);
  if (!connected.ok() || best_effort_) return connected;
  const HostFacts facts = link_.talk().facts();
  if (facts.not_enforced.empty()) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "LIMITS_NOT_ENFORCED",
      absl::StrCat("the host cannot enforce every limit: ",
                   absl::StrJoin(facts.not_enforced, "; "),
                   ". deploy/ssh-host.sh prepares a host; "
                   "sandbox.ssh.enforcement \"best_effort\" goes without"));
}

absl::StatusOr<std::vector<BackendImage>> SshBackend::ListImages(
    absl::Time deadline) {
  const absl::Status connected = link_.WaitConnected(deadline);
  if (!connected.ok()) return connected;
  return std::vector<BackendImage>{};
}

absl::StatusOr<int> SshBackend::RemoveLeftovers(absl::Time deadline) {
  const absl::Status connected = link_.WaitConnected(deadline);
  if (!connected.ok()) return connected;
  return link_.talk().TakeRemovedCells();
}

}  // namespace airlock::executor
