#include "common/config/mount_settings.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/config/key_path.h"
#include "common/config/section_reader.h"

namespace airlock {
namespace {

constexpr int kMaxMounts = 64;
constexpr absl::string_view kHostPaths[] = {
    "/proc",           "/sys", "/etc", "/dev", "/run", "/var/run",
    "/var/lib/docker", "/boot"};
// With what is below them.
constexpr absl::string_view kClosedTargets[] = {"/proc", "/sys", "/dev",
                                                "/airlock"};
// Not themselves; what is below them is free.
constexpr absl::string_view kCoveredTargets[] = {"/workspace", "/tmp"};

// Whether `path` is `folder` or below it. Both are normalized.
bool IsAtOrBelow(absl::string_view path, absl::string_view folder) {
  return path == folder ||
         absl::StartsWith(path, absl::StrCat(folder == "/" ? "" : folder, "/"));
}

bool IsNormalized(absl::string_view path) {
  if (!absl::StartsWith(path, "/")) return false;
  if (path == "/") return true;
  const std::vector<absl::string_view> parts =
      absl::StrSplit(path.substr(1), '/');
  return std::none_of(parts.begin(), parts.end(), [](absl::string_view part) {
    return part.empty() || part == "." || part == "..";
  });
}

// "" if nothing is wrong.
std::string SourceProblem(absl::string_view source) {
  const std::vector<absl::string_view> parts = absl::StrSplit(source, '/');
  if (std::find(parts.begin(), parts.end(), "docker.sock") != parts.end()) {
    return "must not be the engine's socket";
  }
  for (const absl::string_view host_path : kHostPaths) {
    // A folder that holds one is as bad as the one itself.
    if (IsAtOrBelow(source, host_path) || IsAtOrBelow(host_path, source)) {
      return absl::StrCat("must not be, be below or hold ", host_path);
    }
  }
  return "";
}

std::string TargetProblem(absl::string_view target) {
  for (const absl::string_view closed : kClosedTargets) {
    if (IsAtOrBelow(target, closed) || IsAtOrBelow(closed, target)) {
      return absl::StrCat("must not be, be below or cover ", closed);
    }
  }
  for (const absl::string_view covered : kCoveredTargets) {
    if (IsAtOrBelow(covered, target)) {
      return absl::StrCat("must not cover ", covered);
    }
  }
  return "";
}

// A required, absolute, normalized path without what `check` finds.
std::string ReadPath(SectionReader& reader, absl::string_view key,
                     std::string (*check)(absl::string_view)) {
  std::string path = reader.RequiredText(key);
  if (path.empty()) return path;
  std::string problem =
      "must be an absolute path without \".\", \"..\", empty "
      "parts and a slash at its end";
  if (IsNormalized(path)) problem = check(path);
  if (!problem.empty()) {
    reader.AddError(key,
                    absl::StrCat(problem, ": got ", QuoteForMessage(path)));
  }
  return path;
}

}  // namespace

std::vector<MountSettings> ReadMounts(const config::v1::MountList& mounts,
                                      const std::string& path,
                                      ProblemList& problems) {
  std::vector<MountSettings> settings;
  std::set<std::string> targets;
  if (mounts.values_size() > kMaxMounts) {
    problems.AddError(
        path, absl::StrCat("must be at most ", kMaxMounts, " mounts: got ",
                           mounts.values_size()));
    return settings;
  }
  for (int i = 0; i < mounts.values_size(); ++i) {
    SectionReader reader(mounts.values(i),
                         AppendIndex(path, static_cast<std::size_t>(i)),
                         problems);
    MountSettings mount;
    mount.source = ReadPath(reader, "source", SourceProblem);
    mount.target = ReadPath(reader, "target", TargetProblem);
    mount.writable = reader.Bool("writable", false);
    if (!mount.target.empty() && !targets.insert(mount.target).second) {
      reader.AddError("target", absl::StrCat("is another mount's target too: "
                                             "got ",
                                             QuoteForMessage(mount.target)));
    }
    settings.push_back(std::move(mount));
  }
  return settings;
}

}  // namespace airlock
