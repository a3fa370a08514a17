#include "services/cli/commands/copy.h"

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/config/utf8.h"
#include "services/cli/workspace/local_file.h"
#include "services/cli/workspace/tree.h"

namespace airlock::cli {
namespace {

namespace fs = std::filesystem;

using Direction = CopyPlan::Direction;

// The name of a local path; empty: it has none of its own, such as ".".
std::string LocalName(absl::string_view path) {
  while (absl::ConsumeSuffix(&path, "/")) {
  }
  const auto split = SplitFileName(path);
  return split.has_value() ? split->name : "";
}

absl::StatusOr<CopyPlan> PlanUpload(CopyPlan plan) {
  if (SplitFileName(plan.remote.path).has_value()) return plan;
  // Into a directory, under its own name.
  const std::string name =
      plan.local == kStandardStream ? "" : LocalName(plan.local);
  if (name.empty() && !plan.recursive) {
    return absl::InvalidArgumentError(
        "what is copied needs a name: SESSION:PATH must end with one");
  }
  if (!name.empty()) plan.remote.path = JoinPath(plan.remote.path, name);
  return plan;
}

absl::StatusOr<CopyPlan> PlanDownload(CopyPlan plan) {
  const auto split = SplitFileName(plan.remote.path);
  if (!split.has_value() && !plan.recursive) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", plan.remote.path, "\" names a directory: -r copies it"));
  }
  if (plan.local == kStandardStream) return plan;
  std::error_code error;
  const bool into =
      absl::EndsWith(plan.local, "/") || fs::is_directory(plan.local, error);
  if (into && split.has_value()) {
    plan.local = JoinPath(plan.local, split->name);
  }
  return plan;
}

absl::Status CarryOutUpload(const CopyPlan& plan, FileActions& actions,
                            Copied& copied) {
  std::error_code error;
  if (plan.recursive && fs::is_directory(plan.local, error)) {
    return UploadTree(actions, plan.local, plan.remote.path, copied);
  }
  if (plan.local == kStandardStream) {
    LocalSource source = LocalSource::StandardInput();
    return Upload(actions, source, plan.remote.path, copied);
  }
  absl::StatusOr<LocalSource> source = LocalSource::Open(plan.local);
  if (!source.ok()) return source.status();
  return Upload(actions, *source, plan.remote.path, copied);
}

absl::Status CarryOutDownload(const CopyPlan& plan, FileActions& actions,
                              Copied& copied) {
  if (plan.recursive) {
    return DownloadTree(actions, plan.remote.path, plan.local, copied);
  }
  if (plan.local == kStandardStream) {
    LocalTarget target = LocalTarget::StandardOutput();
    return Download(actions, plan.remote.path, target, copied);
  }
  absl::StatusOr<LocalTarget> target = LocalTarget::Create(plan.local);
  if (!target.ok()) return target.status();
  return Download(actions, plan.remote.path, *target, copied);
}

}  // namespace

absl::StatusOr<RemotePath> RequireRemotePath(const std::string& text) {
  std::optional<RemotePath> remote = ParseRemotePath(text);
  if (!remote.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("what is in a session is SESSION:PATH, such as "
                     "build:src/main.c: got \"",
                     text, "\""));
  }
  if (!IsValidUtf8(remote->path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a path in a session must be UTF-8: got \"", text, "\""));
  }
  return *std::move(remote);
}

absl::StatusOr<CopyPlan> PlanCopy(const std::string& from,
                                  const std::string& to, bool recursive) {
  const bool from_remote = ParseRemotePath(from).has_value();
  if (from_remote == ParseRemotePath(to).has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "one of the two must be in a session, as SESSION:PATH: got "
        "\"",
        from, "\" and \"", to, "\""));
  }
  absl::StatusOr<RemotePath> remote =
      RequireRemotePath(from_remote ? from : to);
  if (!remote.ok()) return remote.status();
  CopyPlan plan;
  plan.remote = *std::move(remote);
  plan.local = from_remote ? to : from;
  plan.recursive = recursive;
  plan.direction = from_remote ? Direction::kDownload : Direction::kUpload;
  if (recursive && plan.local == kStandardStream) {
    return absl::InvalidArgumentError("-r and - exclude each other");
  }
  return from_remote ? PlanDownload(std::move(plan))
                     : PlanUpload(std::move(plan));
}

absl::Status CarryOut(const CopyPlan& plan, FileActions& actions,
                      Copied& copied) {
  return plan.direction == Direction::kUpload
             ? CarryOutUpload(plan, actions, copied)
             : CarryOutDownload(plan, actions, copied);
}

}  // namespace airlock::cli
