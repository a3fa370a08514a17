#include "common/config/sandbox_settings.h"

#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/config/key_path.h"
#include "common/config/language_settings.h"
#include "common/config/mount_settings.h"

namespace airlock {
namespace {

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;
constexpr std::int64_t kTebibyte = std::int64_t{1} << 40;
constexpr IntegerRange kMemoryRange{kMinMemoryBytes, 64 * kTebibyte};
constexpr std::uint64_t kDefaultMemoryBytes = 512 * kMebibyte;
constexpr IntegerRange kCpuMillisRange{kMinCpuMillis, 1'024'000};
// The kernel has no more.
constexpr IntegerRange kPidsRange{kMinPids, 4'194'304};
constexpr IntegerRange kOutputRange{1, kTebibyte};
constexpr IntegerRange kInodeRange{64, std::int64_t{1} << 31};
constexpr absl::string_view kImageCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@";
constexpr absl::string_view kRuntimeCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

// A user or group number that is not root's. -1 means "unchanged" to the
// kernel and is nobody's.
bool IsPlainId(absl::string_view text) {
  std::uint32_t number = 0;
  return !text.empty() && absl::ascii_isdigit(text[0]) && text[0] != '0' &&
         absl::SimpleAtoi(text, &number) && absl::StrCat(number) == text &&
         number < std::numeric_limits<std::int32_t>::max();
}

std::string ReadUser(SectionReader& reader) {
  static constexpr absl::string_view kDefault = "65534:65534";
  std::string user = reader.Text("user", kDefault);
  const std::vector<absl::string_view> ids = absl::StrSplit(user, ':');
  if (ids.size() == 2 && IsPlainId(ids[0]) && IsPlainId(ids[1])) return user;
  reader.AddError("user", absl::StrCat("must be a numeric \"uid:gid\", neither "
                                       "of them 0 (root): got ",
                                       QuoteForMessage(user)));
  return std::string(kDefault);
}

// Text made of `characters`, beginning with a letter or digit.
std::string ReadName(SectionReader& reader, absl::string_view key,
                     absl::string_view default_value,
                     absl::string_view characters, absl::string_view what) {
  std::string text = reader.Text(key, default_value);
  if (text == default_value) return text;
  if (text.size() <= 512 && absl::ascii_isalnum(text[0]) &&
      text.find_first_not_of(characters.data(), 0, characters.size()) ==
          std::string::npos) {
    return text;
  }
  reader.AddError(
      key, absl::StrCat("must be ", what, ": got ", QuoteForMessage(text)));
  return std::string(default_value);
}

void ReadDisk(SectionReader& reader, SandboxSettings& settings) {
  const std::uint64_t most = settings.memory_bytes / 2;
  std::uint64_t disk =
      reader.ByteSize("diskLimit", most, {kMebibyte, 64 * kTebibyte});
  if (disk > most) {
    // The workspace lives in memory: more than half would starve the process.
    reader.AddError(
        "diskLimit",
        absl::StrCat("must be at most half of memoryLimit, which is \"",
                     FormatByteSize(most), "\": got \"", FormatByteSize(disk),
                     "\""));
    disk = most;
  }
  SplitDisk(disk, settings);
}

WarmPoolSettings ReadWarmPool(const config::v1::WarmPool& pool,
                              const std::string& path, ProblemList& problems) {
  SectionReader reader(pool, path, problems);
  WarmPoolSettings settings;
  settings.size =
      static_cast<std::size_t>(reader.Integer("size", 4, {0, 1000}));
  settings.max_age = reader.Milliseconds("maxAge", absl::Minutes(30),
                                         {absl::Seconds(1), absl::Hours(24)});
  settings.refill =
      static_cast<std::size_t>(reader.Integer("refill", 1, {1, 16}));
  return settings;
}

SessionSettings ReadSessions(const config::v1::Sessions& sessions,
                             const std::string& path, ProblemList& problems) {
  SectionReader reader(sessions, path, problems);
  SessionSettings settings;
  settings.idle_timeout =
      reader.Milliseconds("idleTimeout", absl::Minutes(15),
                          {absl::Seconds(1), absl::Hours(24 * 30)});
  settings.max_age = reader.Milliseconds(
      "maxAge", absl::Hours(24), {absl::Seconds(1), absl::Hours(24 * 365)});
  settings.max_per_agent =
      static_cast<std::size_t>(reader.Integer("maxPerAgent", 64, {1, 10'000}));
  return settings;
}

// Whether `key` was given for all while one agent chose its backend alone.
bool IsInheritedByChoice(const SectionReader& reader, absl::string_view key) {
  return absl::StartsWith(reader.Path("backend"), "agents.") &&
         !absl::StartsWith(reader.Path(key), "agents.");
}

// What only an engine can do. A promise that would not be kept is refused; it
// is only told where it was made to agents with another backend too.
void CheckKeysOfDocker(SectionReader& reader) {
  for (const absl::string_view key : {"runtime", "mounts"}) {
    if (!reader.Has(key)) continue;
    if (IsInheritedByChoice(reader, key)) {
      reader.AddWarning(key, "does not hold for agents with backend \"ssh\"");
    } else {
      reader.AddError(key,
                      "is only for backend \"docker\": leave it out, or use "
                      "that backend");
    }
  }
  for (const absl::string_view key : {"image", "pullPolicy"}) {
    if (!reader.Has(key) || IsInheritedByChoice(reader, key)) continue;
    reader.AddWarning(key, "is not used where backend is \"ssh\"");
  }
}

void ReadBackend(const config::v1::Sandbox& sandbox, SectionReader& reader,
                 ProblemList& problems, SandboxSettings& settings) {
  settings.backend = reader.Word("backend", "docker", {"docker", "ssh"});
  if (settings.backend == "ssh") CheckKeysOfDocker(reader);
  if (settings.backend == "ssh" && !sandbox.has_ssh()) {
    reader.AddMissing(
        "ssh",
        "is required where backend is \"ssh\": give host, username "
        "and privateKeyPath");
  }
  settings.ssh_timeout = settings.timeout;
  if (!sandbox.has_ssh()) return;
  SshSettings ssh = ReadSshSettings(sandbox.ssh(), reader.Path("ssh"), problems,
                                    settings.ssh_timeout);
  if (settings.backend == "ssh") {
    settings.ssh = std::move(ssh);
  } else {
    reader.AddWarning("ssh",
                      "is used by ssh_exec only where backend is \"docker\"");
  }
}

}  // namespace

SandboxSettings OnSsh(SandboxSettings settings) {
  settings.backend = "ssh";
  settings.timeout = settings.ssh_timeout;
  settings.image.clear();
  settings.runtime.clear();
  settings.pull_policy.clear();
  settings.mounts.clear();
  return settings;
}

void SplitDisk(std::uint64_t disk_bytes, SandboxSettings& settings) {
  settings.tmp_bytes = disk_bytes / 4;
  settings.workspace_bytes = disk_bytes - settings.tmp_bytes;
}

SandboxSettings ReadSandboxSettings(const config::v1::Sandbox& sandbox,
                                    SectionReader& reader,
                                    ProblemList& problems) {
  SandboxSettings settings;
  settings.enabled = reader.Bool("enabled", true);
  settings.enabled_path = reader.Path("enabled");
  settings.image =
      ReadName(reader, "image", "airlock/sandbox:latest", kImageCharacters,
               "an image by tag or digest, such as \"airlock/sandbox:latest\"");
  settings.timeout = reader.Milliseconds("timeout", absl::Seconds(30));
  ReadBackend(sandbox, reader, problems, settings);
  settings.memory_bytes =
      reader.ByteSize("memoryLimit", kDefaultMemoryBytes, kMemoryRange);
  settings.cpu_millis = reader.Cpu("cpuLimit", 1000, kCpuMillisRange);
  settings.network_mode =
      reader.Word("networkMode", "none", {"none", "bridge"});
  ReadDisk(reader, settings);
  settings.pids =
      static_cast<std::uint32_t>(reader.Integer("pidsLimit", 128, kPidsRange));
  settings.output_bytes =
      reader.ByteSize("outputLimit", 64 * kMebibyte, kOutputRange);
  settings.inodes = static_cast<std::uint64_t>(
      reader.Integer("inodeLimit", 65536, kInodeRange));
  settings.queue_timeout =
      reader.Milliseconds("queueTimeout", absl::Minutes(1));
  settings.user = ReadUser(reader);
  settings.runtime = ReadName(reader, "runtime", "", kRuntimeCharacters,
                              "the name of an OCI runtime such as \"runsc\"");
  settings.pull_policy =
      reader.Word("pullPolicy", "missing", {"always", "missing", "never"});
  settings.mounts =
      ReadMounts(sandbox.mounts(), reader.Path("mounts"), problems);
  settings.languages = sandbox.has_languages()
                           ? ReadLanguages(sandbox.languages(),
                                           reader.Path("languages"), problems)
                           : DefaultLanguages();
  settings.warm_pool =
      ReadWarmPool(sandbox.warm_pool(), reader.Path("warmPool"), problems);
  settings.sessions =
      ReadSessions(sandbox.sessions(), reader.Path("sessions"), problems);
  return settings.backend == "ssh" ? OnSsh(std::move(settings)) : settings;
}

}  // namespace airlock
