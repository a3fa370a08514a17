#include "services/executor/warm_targets.h"

#include <algorithm>
#include <utility>

namespace airlock::executor {
namespace {

bool IsUsed(const SandboxSettings& settings, absl::string_view backend) {
  return settings.enabled && settings.backend == backend;
}

void AddTarget(const SandboxSettings& settings, absl::string_view backend,
               std::vector<WarmTarget>& targets) {
  // What is pulled each time may be another image each time.
  if (!IsUsed(settings, backend) || settings.pull_policy == "always" ||
      settings.warm_pool.size == 0) {
    return;
  }
  WarmTarget target{.spec = SandboxSpecFromSettings(settings),
                    .size = settings.warm_pool.size,
                    .refill = settings.warm_pool.refill,
                    .max_age = settings.warm_pool.max_age};
  // Whether the image may be pulled does not tell sandboxes apart: those that
  // wait are made of images that are there.
  target.spec.pull_policy = "never";
  const auto same = std::find_if(
      targets.begin(), targets.end(),
      [&target](const WarmTarget& each) { return each.spec == target.spec; });
  if (same == targets.end()) {
    targets.push_back(std::move(target));
    return;
  }
  same->size = std::max(same->size, target.size);
  same->refill = std::max(same->refill, target.refill);
  same->max_age = std::min(same->max_age, target.max_age);
}

}  // namespace

SandboxSpec SandboxSpecFromSettings(const SandboxSettings& settings) {
  SandboxSpec spec;
  spec.image = settings.image;
  spec.pull_policy = settings.pull_policy;
  spec.memory_bytes = settings.memory_bytes;
  spec.cpu_millis = settings.cpu_millis;
  spec.pids = settings.pids;
  spec.workspace_bytes = settings.workspace_bytes;
  spec.tmp_bytes = settings.tmp_bytes;
  spec.inodes = settings.inodes;
  spec.network_mode = settings.network_mode;
  spec.user = settings.user;
  spec.runtime = settings.runtime;
  for (const MountSettings& mount : settings.mounts) {
    spec.mounts.push_back({.source = mount.source,
                           .target = mount.target,
                           .writable = mount.writable});
  }
  return spec;
}

std::vector<WarmTarget> WarmTargetsFrom(const Contract& contract,
                                        absl::string_view backend) {
  std::vector<WarmTarget> targets;
  AddTarget(contract.defaults().sandbox, backend, targets);
  for (const auto& [id, agent] : contract.agents()) {
    AddTarget(agent.sandbox, backend, targets);
  }
  return targets;
}

std::optional<SandboxSpec> TriedSandboxFrom(const Contract& contract,
                                            absl::string_view backend) {
  if (IsUsed(contract.defaults().sandbox, backend)) {
    return SandboxSpecFromSettings(contract.defaults().sandbox);
  }
  for (const auto& [id, agent] : contract.agents()) {
    if (IsUsed(agent.sandbox, backend)) {
      return SandboxSpecFromSettings(agent.sandbox);
    }
  }
  return std::nullopt;
}

}  // namespace airlock::executor
