#include "services/executor/backends/ssh/duty/host_restorer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/logging/log.h"
#include "common/security/digest.h"
#include "common/status/error.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kDialPause = absl::Milliseconds(500);
constexpr absl::Duration kOneTry = absl::Seconds(60);
constexpr absl::Duration kSlice = absl::Milliseconds(50);
constexpr const char* kPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// What the files belong to: another command or another host has its own.
std::string SubjectOf(const HostRestorerOptions& options) {
  const SshTarget& target = options.host.target;
  return absl::StrCat(
      "airlock-host 1 ",
      ToHex(Sha256(absl::StrJoin(
          {absl::StrJoin(options.command, "\n"),
           absl::StrJoin(options.roots, "\n"), options.host.runner_directory},
          "\n\n"))),
      " ", target.username, "@", target.host, ":", target.port, " ",
      target.host_key_fingerprint);
}

bool IsHostProgram(absl::string_view line) {
  return absl::StartsWith(line, "process airlock-runner-");
}

void Sleep(absl::Duration duration, const std::atomic<bool>& stop) {
  const absl::Time end = absl::Now() + duration;
  while (!stop && absl::Now() < end) absl::SleepFor(kSlice);
}

absl::Status NotCleanError(absl::string_view message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "HOST_NOT_CLEAN",
                   message);
}

RestoreCommand CommandOf(const HostRestorerOptions& options,
                         absl::string_view reason) {
  const SshTarget& target = options.host.target;
  return {.words = options.command,
          .environment = {kPath, "LANG=C.UTF-8",
                          absl::StrCat("AIRLOCK_SSH_HOST=", target.host),
                          absl::StrCat("AIRLOCK_SSH_PORT=", target.port),
                          absl::StrCat("AIRLOCK_SSH_USER=", target.username),
                          absl::StrCat("AIRLOCK_EXECUTOR_ID=",
                                       options.host.executor_id),
                          absl::StrCat("AIRLOCK_REASON=", reason)},
          .timeout = options.command_timeout};
}

}  // namespace

HostRestorer::HostRestorer(HostRestorerOptions options)
    : options_(std::move(options)),
      manifest_(absl::StrCat(options_.state_path, "/ssh-host.manifest"),
                SubjectOf(options_)),
      quarantine_(absl::StrCat(options_.state_path, "/ssh-host.quarantine"),
                  SubjectOf(options_)) {}

absl::Status HostRestorer::MayRenew() const {
  if (!unwritten_.ok()) return unwritten_;
  const auto why = quarantine_.Load();
  // What cannot be read may say so.
  if (!why.ok()) return NotCleanError(why.status().message());
  if (!why->has_value()) return absl::OkStatus();
  return NotCleanError(absl::StrJoin(**why, " "));
}

absl::Status HostRestorer::Renew(absl::string_view reason,
                                 const std::atomic<bool>& stop) {
  absl::Status restored = RunRestoreCommand(CommandOf(options_, reason), stop);
  if (!restored.ok()) return restored;
  const auto first = manifest_.Load();
  if (!first.ok()) return first.status();
  return first->has_value() ? Compare(**first, stop) : KeepFirst(stop);
}

absl::Status HostRestorer::KeepFirst(const std::atomic<bool>& stop) const {
  const auto manifest =
      AwaitManifest(absl::Now() + options_.return_limit, stop);
  if (!manifest.ok()) return manifest.status();
  // One of an older start ends soon; that of another executor has no place on a
  // host that is restored.
  if (std::any_of(manifest->begin(), manifest->end(), IsHostProgram)) {
    return absl::FailedPreconditionError(
        "a host program of another start or executor still runs there");
  }
  LogInfo("what is on a restored host is kept for comparison",
          {{"file", manifest_.path()}, {"lines", manifest->size()}});
  return manifest_.Save(*manifest);
}

absl::StatusOr<HostManifest> HostRestorer::AwaitManifest(
    absl::Time deadline, const std::atomic<bool>& stop) const {
  while (true) {
    auto manifest =
        TakeManifest(options_.host, options_.roots,
                     std::min(deadline, absl::Now() + kOneTry), stop);
    if (manifest.ok() || stop || absl::Now() + kDialPause > deadline) {
      return manifest;
    }
    Sleep(kDialPause, stop);
  }
}

absl::Status HostRestorer::Compare(const HostManifest& first,
                                   const std::atomic<bool>& stop) {
  const absl::Time deadline = absl::Now() + options_.return_limit;
  std::optional<absl::Time> settled;
  while (true) {
    const auto now = AwaitManifest(deadline, stop);
    if (!now.ok()) return now.status();
    const std::string difference = DescribeDifference(first, *now);
    if (difference.empty()) return absl::OkStatus();
    // Nobody waited for what ends soon.
    if (stop) return absl::CancelledError("the executor stops");
    // A login that is about to end, a service that is about to start.
    if (!settled.has_value()) settled = absl::Now() + options_.settle_limit;
    if (absl::Now() > *settled) return Quarantine(difference);
    Sleep(kDialPause, stop);
  }
}

absl::Status HostRestorer::Quarantine(const std::string& difference) {
  const std::string message = absl::StrCat(
      "the restored host differs from what it was when it was restored first: ",
      difference, ". Once it was looked at, remove ", quarantine_.path(),
      "; if it shall be so, also ", manifest_.path());
  absl::Status error = NotCleanError(message);
  const absl::Status saved = quarantine_.Save({message});
  if (!saved.ok()) {
    unwritten_ = error;
    LogError("the quarantine of a host holds only until the executor ends",
             {{"error", saved}});
  }
  return error;
}

}  // namespace airlock::executor
