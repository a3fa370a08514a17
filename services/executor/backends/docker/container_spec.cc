#include "services/executor/backends/docker/container_spec.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "services/executor/sandbox/base_environment.h"
#include "services/executor/sandbox/runner_pids.h"
#include "services/executor/sandbox/spec_check.h"

namespace airlock::executor {
namespace {

using nlohmann::json;

// The most of /dev/shm, which Python's multiprocessing needs. It is taken
// from /tmp, so that both together stay what was asked for.
constexpr std::uint64_t kMaxShmBytes = std::uint64_t{8} << 20U;
// The kernel rather kills what runs in sandboxes than anything else.
constexpr int kOomScoreAdj = 500;

std::pair<std::string, std::string> SplitUser(const std::string& user) {
  return absl::StrSplit(user, ':');
}

std::uint64_t ShmBytes(const SandboxSpec& spec) {
  return std::min(kMaxShmBytes, spec.tmp_bytes / 4);
}

// As the engine cleans the paths of volumes: "/data//x/" -> "/data/x".
std::string CleanPath(const std::string& path) {
  std::string clean = std::filesystem::path(path).lexically_normal().string();
  if (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  return clean;
}

json TmpfsOf(const ContainerPlan& plan) {
  const SandboxSpec& spec = plan.spec;
  const auto [uid, gid] = SplitUser(spec.user);
  json tmpfs = json::object();
  for (const std::string& volume : plan.image_volumes) {
    const std::string path = CleanPath(volume);
    // Something of ours is there already, and wins.
    if (path == kRunnerFolder) continue;
    tmpfs[path] = "ro,nosuid,nodev,noexec,size=4096,nr_inodes=2,mode=0555";
  }
  tmpfs[kWorkspace] = absl::StrCat(
      "rw,nosuid,nodev,exec,size=", spec.workspace_bytes,
      ",nr_inodes=", spec.inodes, ",uid=", uid, ",gid=", gid, ",mode=0700");
  tmpfs["/tmp"] = absl::StrCat(
      "rw,nosuid,nodev,noexec,size=", spec.tmp_bytes - ShmBytes(spec),
      ",nr_inodes=", spec.inodes, ",mode=1777");
  return tmpfs;
}

json MountsOf(const ContainerPlan& plan) {
  json mounts = json::array();
  mounts.push_back({{"Type", "volume"},
                    {"Source", plan.runner_volume},
                    {"Target", kRunnerFolder},
                    {"ReadOnly", true},
                    {"VolumeOptions", {{"NoCopy", true}}}});
  for (const SandboxMount& mount : plan.spec.mounts) {
    mounts.push_back({{"Type", "bind"},
                      {"Source", mount.source},
                      {"Target", mount.target},
                      {"ReadOnly", !mount.writable},
                      {"BindOptions",
                       {{"Propagation", "rprivate"}, {"NonRecursive", true}}}});
  }
  return mounts;
}

json HostConfigOf(const ContainerPlan& plan) {
  const SandboxSpec& spec = plan.spec;
  json config = {
      // What it may not do.
      {"CapDrop", {"ALL"}},
      {"SecurityOpt",
       {"no-new-privileges:true",
        absl::StrCat("seccomp=", plan.seccomp_profile)}},
      {"ReadonlyRootfs", true},
      {"NetworkMode", spec.network_mode},
      {"IpcMode", "private"},
      {"CgroupnsMode", "private"},
      // How much it may use.
      {"Memory", spec.memory_bytes},
      // The same as Memory: no swap.
      {"MemorySwap", spec.memory_bytes},
      {"NanoCpus", std::uint64_t{spec.cpu_millis} * 1'000'000},
      {"PidsLimit", std::uint64_t{spec.pids} + RunnerPids(spec)},
      {"ShmSize", ShmBytes(spec)},
      {"OomScoreAdj", kOomScoreAdj},
      {"Ulimits",
       {{{"Name", "nofile"}, {"Soft", kOpenFiles}, {"Hard", kRunnerOpenFiles}},
        {{"Name", "core"}, {"Soft", 0}, {"Hard", 0}}}},
      {"Tmpfs", TmpfsOf(plan)},
      {"Mounts", MountsOf(plan)},
      {"LogConfig", {{"Type", "none"}, {"Config", json::object()}}},
      {"RestartPolicy", {{"Name", "no"}, {"MaximumRetryCount", 0}}},
      {"AutoRemove", false},
      {"Init", false},
  };
  // What it gets nothing of; named, so that it is read back.
  for (const char* name :
       {"Binds", "CapAdd", "Devices", "DeviceCgroupRules", "DeviceRequests",
        "GroupAdd", "VolumesFrom", "Links", "ExtraHosts", "Dns"}) {
    config[name] = json::array();
  }
  for (const char* name : {"PortBindings", "Sysctls", "StorageOpt"}) {
    config[name] = json::object();
  }
  for (const char* name : {"PidMode", "UTSMode", "UsernsMode", "CgroupParent",
                           "Cgroup", "VolumeDriver"}) {
    config[name] = "";
  }
  for (const char* name : {"Privileged", "PublishAllPorts", "OomKillDisable"}) {
    config[name] = false;
  }
  if (!spec.runtime.empty()) config["Runtime"] = spec.runtime;
  return config;
}

}  // namespace

absl::Status CheckSpec(const SandboxSpec& spec) {
  FieldViolations violations;
  CheckSandboxSpec(spec, violations);
  if (spec.image.empty()) violations.Add("spec.image", "must not be empty");
  if (spec.pull_policy != "always" && spec.pull_policy != "missing" &&
      spec.pull_policy != "never") {
    violations.Add("spec.pull_policy",
                   absl::StrCat("must be \"always\", \"missing\" or "
                                "\"never\": got \"",
                                spec.pull_policy, "\""));
  }
  return violations.ToStatus();
}

json CreateBody(const ContainerPlan& plan) {
  return {
      {"Image", plan.image_id},
      {"Entrypoint", {kRunnerProgram}},
      {"Cmd", json::array()},
      {"User", plan.spec.user},
      {"WorkingDir", kWorkspace},
      {"Hostname", "sandbox"},
      {"Domainname", ""},
      {"Env", BaseEnvironment()},
      {"Labels", plan.labels},
      {"Healthcheck", {{"Test", {"NONE"}}}},
      {"NetworkDisabled", plan.spec.network_mode == "none"},
      {"Tty", false},
      {"OpenStdin", true},
      {"StdinOnce", true},
      {"AttachStdin", true},
      {"AttachStdout", true},
      {"AttachStderr", true},
      {"StopSignal", "SIGKILL"},
      {"HostConfig", HostConfigOf(plan)},
  };
}

}  // namespace airlock::executor
