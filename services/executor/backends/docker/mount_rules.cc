#include "services/executor/backends/docker/mount_rules.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <memory>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "services/executor/backends/docker/container_spec.h"

namespace airlock::executor {
namespace {

constexpr std::array<absl::string_view, 11> kForbiddenSources = {
    "/boot", "/dev",  "/etc", "/proc", "/root",           "/run",
    "/sys",  "/sbin", "/lib", "/usr",  "/var/lib/docker",
};
constexpr std::array<absl::string_view, 11> kForbiddenTargets = {
    "/bin",  "/boot", "/dev", "/etc", "/lib", "/proc",
    "/sbin", "/sys",  "/tmp", "/usr", "/run",
};

absl::Status Denied(const SandboxMount& mount, absl::string_view why) {
  return MakeError(
      absl::StatusCode::kPermissionDenied, "MOUNT_NOT_ALLOWED",
      absl::StrCat("mount \"", absl::Utf8SafeCEscape(mount.source), "\" at \"",
                   absl::Utf8SafeCEscape(mount.target), "\" ", why));
}

// `path` is `folder` or below it.
bool IsWithin(absl::string_view path, absl::string_view folder) {
  if (folder == "/") return absl::StartsWith(path, "/");
  return path == folder ||
         (absl::StartsWith(path, folder) && path[folder.size()] == '/');
}

// Absolute, without empty parts, "." and "..", not the root.
bool IsPlainPath(absl::string_view path) {
  if (path.size() < 2 || path.size() >= PATH_MAX || path[0] != '/' ||
      absl::StrContains(path, '\0') || absl::StrContains(path, ',')) {
    return false;
  }
  for (absl::string_view part : absl::StrSplit(path.substr(1), '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

std::optional<std::string> RealPath(const std::string& path) {
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  const std::unique_ptr<char, Free> real(realpath(path.c_str(), nullptr));
  if (real == nullptr) return std::nullopt;
  return std::string(real.get());
}

absl::Status CheckSource(const SandboxMount& mount,
                         const std::vector<std::string>& allowed) {
  if (!IsPlainPath(mount.source)) {
    return Denied(mount, "must have an absolute source without \"..\"");
  }
  if (RealPath(mount.source) != mount.source) {
    return Denied(mount,
                  "must have a source that exists and has no symbolic link");
  }
  struct stat info {};
  if (stat(mount.source.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return Denied(mount, "must have a directory as its source");
  }
  for (absl::string_view forbidden : kForbiddenSources) {
    // Neither it, nor a part of it, nor what contains it.
    if (IsWithin(mount.source, forbidden) ||
        IsWithin(forbidden, mount.source)) {
      return Denied(mount, absl::StrCat("must stay away from ", forbidden));
    }
  }
  const bool is_allowed = std::any_of(
      allowed.begin(), allowed.end(), [&mount](const std::string& folder) {
        const std::optional<std::string> real = RealPath(folder);
        return real.has_value() && IsWithin(mount.source, *real);
      });
  if (is_allowed) return absl::OkStatus();
  return Denied(mount, "must be within executor.docker.allowedMounts");
}

absl::Status CheckTarget(const SandboxMount& mount) {
  if (!IsPlainPath(mount.target) || mount.target == kWorkspace) {
    return Denied(mount,
                  "must have an absolute target without \"..\", other than "
                  "the workspace itself");
  }
  if (IsWithin(mount.target, kRunnerFolder)) {
    return Denied(mount, "must leave the runner's folder alone");
  }
  for (absl::string_view forbidden : kForbiddenTargets) {
    if (IsWithin(mount.target, forbidden)) {
      return Denied(mount,
                    absl::StrCat("must not have a target in ", forbidden));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckMounts(const std::vector<SandboxMount>& mounts,
                         const std::vector<std::string>& allowed,
                         bool remote_engine) {
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const SandboxMount& mount = mounts[i];
    if (remote_engine) {
      return Denied(mount,
                    "is not possible with an engine on another host, whose "
                    "paths cannot be checked");
    }
    absl::Status checked = CheckSource(mount, allowed);
    if (!checked.ok()) return checked;
    checked = CheckTarget(mount);
    if (!checked.ok()) return checked;
    for (std::size_t j = 0; j < i; ++j) {
      if (IsWithin(mounts[j].target, mount.target) ||
          IsWithin(mount.target, mounts[j].target)) {
        return Denied(mount, "overlaps with the target of another mount");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace airlock::executor
