#include "services/policy/engine/sandbox_limits.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "common/config/values.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

// 0 is unset.
void CheckLimit(std::uint64_t value, std::uint64_t least, std::uint64_t most,
                absl::string_view field, FieldViolations& violations) {
  if (value == 0 || (value >= least && value <= most)) return;
  violations.Add(field, absl::StrCat("must be at least ", least,
                                     " and at most the configured ", most,
                                     ": got ", value));
}

absl::Duration MostTime(const airlock::v1::ExecuteRequest& request,
                        const SandboxSettings& sandbox) {
  return request.action().has_ssh_exec() ? sandbox.ssh_timeout
                                         : sandbox.timeout;
}

}  // namespace

void CheckTimeout(const airlock::v1::ExecuteRequest& request,
                  const AgentContract& contract, FieldViolations& violations) {
  if (!request.has_timeout()) return;
  const google::protobuf::Duration& timeout = request.timeout();
  // Before it becomes a duration: nobody promised it is in range.
  const bool sane = timeout.seconds() >= 0 &&
                    timeout.seconds() <= 315576000000 && timeout.nanos() >= 0 &&
                    timeout.nanos() <= 999999999;
  const absl::Duration most = MostTime(request, contract.sandbox);
  if (sane && FromProto(timeout) > absl::ZeroDuration() &&
      FromProto(timeout) <= most) {
    return;
  }
  violations.Add(
      "timeout",
      absl::StrCat("must be more than 0 and at most the configured ",
                   absl::FormatDuration(most), ": got ", timeout.seconds(),
                   " s and ", timeout.nanos(), " ns"));
}

void CheckLimits(const airlock::v1::Limits& limits,
                 const SandboxSettings& sandbox, FieldViolations& violations) {
  CheckLimit(limits.memory_bytes(), kMinMemoryBytes, sandbox.memory_bytes,
             "limits.memory_bytes", violations);
  CheckLimit(limits.cpu_millis(), kMinCpuMillis, sandbox.cpu_millis,
             "limits.cpu_millis", violations);
  CheckLimit(limits.pids(), kMinPids, sandbox.pids, "limits.pids", violations);
  CheckLimit(limits.output_bytes(), 1, sandbox.output_bytes,
             "limits.output_bytes", violations);
}

absl::Duration EffectiveTimeout(const airlock::v1::ExecuteRequest& request,
                                const AgentContract& contract) {
  const absl::Duration most = MostTime(request, contract.sandbox);
  if (!request.has_timeout()) return most;
  return std::min(FromProto(request.timeout()), most);
}

SandboxSettings SandboxFor(const airlock::v1::Action& action,
                           const SandboxSettings& configured) {
  return action.has_ssh_exec() ? OnSsh(configured) : configured;
}

SandboxSettings NarrowSandbox(const SandboxSettings& configured,
                              const airlock::v1::Limits& limits) {
  SandboxSettings sandbox = configured;
  const auto narrow = [](auto& limit, auto asked) {
    if (asked != 0 && asked < limit) limit = asked;
  };
  narrow(sandbox.memory_bytes, limits.memory_bytes());
  narrow(sandbox.cpu_millis, limits.cpu_millis());
  narrow(sandbox.pids, limits.pids());
  narrow(sandbox.output_bytes, limits.output_bytes());
  SplitDisk(std::min(sandbox.workspace_bytes + sandbox.tmp_bytes,
                     sandbox.memory_bytes / 2),
            sandbox);
  return sandbox;
}

}  // namespace airlock::policy
