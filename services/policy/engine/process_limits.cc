#include "services/policy/engine/process_limits.h"

#include <map>
#include <set>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/config/problems.h"
#include "common/config/utf8.h"
#include "re2/re2.h"
#include "services/policy/engine/action_limits.h"
#include "services/policy/engine/action_paths.h"

namespace airlock::policy {
namespace {

std::string AtMost(absl::string_view what, std::size_t most, std::size_t got) {
  return absl::StrCat("must be at most ", most, " ", what, ": got ", got);
}

void CheckEnv(const google::protobuf::Map<std::string, std::string>& env,
              const std::string& field, FieldViolations& violations) {
  if (env.size() > kMaxEnvEntries) {
    violations.Add(field, AtMost("entries", kMaxEnvEntries, env.size()));
    return;
  }
  std::size_t bytes = 0;
  // By name, so that violations come in the same order every time.
  const std::map<std::string, std::string> sorted(env.begin(), env.end());
  for (const auto& [name, value] : sorted) {
    // As the kernel counts them: NAME=value and a NUL byte.
    bytes += name.size() + value.size() + 2;
    if (!re2::RE2::FullMatch(name, "[A-Za-z_][A-Za-z0-9_]*")) {
      violations.Add(field, absl::StrCat("names must be like "
                                         "[A-Za-z_][A-Za-z0-9_]*: got ",
                                         QuoteForMessage(name)));
      continue;
    }
    CheckText(value, kMaxArgBytes, absl::StrCat(field, "[\"", name, "\"]"),
              violations);
  }
  if (bytes > kMaxEnvBytes) {
    violations.Add(field, AtMost("bytes together", kMaxEnvBytes, bytes));
  }
}

// Two files at one path, or a file where another needs a folder.
void CheckNoClash(const std::string& path, const std::set<std::string>& paths,
                  const std::string& field, FieldViolations& violations) {
  if (paths.contains(path)) {
    violations.Add(field, absl::StrCat("must be given once: got ",
                                       QuoteForMessage(path), " again"));
  }
  const auto below = paths.lower_bound(absl::StrCat(path, "/"));
  bool clash =
      below != paths.end() && absl::StartsWith(*below, absl::StrCat(path, "/"));
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    clash = clash || paths.contains(path.substr(0, slash));
  }
  if (clash) {
    violations.Add(field,
                   absl::StrCat("must not be a file and another's folder: got ",
                                QuoteForMessage(path)));
  }
}

void CheckFiles(
    const google::protobuf::RepeatedPtrField<airlock::v1::InlineFile>& files,
    const std::string& field, FieldViolations& violations) {
  if (files.size() > kMaxFiles) {
    violations.Add(field, AtMost("files", kMaxFiles,
                                 static_cast<std::size_t>(files.size())));
    return;
  }
  std::size_t bytes = 0;
  std::set<std::string> paths;
  for (int i = 0; i < files.size(); ++i) {
    const airlock::v1::InlineFile& file = files.at(i);
    const std::string path_field = absl::StrCat(field, "[", i, "].path");
    bytes += file.content().size();
    CheckMode(file.mode(), absl::StrCat(field, "[", i, "].mode"), violations);
    const absl::StatusOr<std::string> path = RelativeToWorkspace(file.path());
    if (!path.ok()) {
      violations.Add(path_field, path.status().message());
    } else if (*path == ".") {
      violations.Add(path_field, "must name a file: got the workspace itself");
    } else {
      CheckNoClash(*path, paths, path_field, violations);
      paths.insert(*path);
    }
  }
  if (bytes > kMaxFilesBytes) {
    violations.Add(field,
                   AtMost("bytes of content together", kMaxFilesBytes, bytes));
  }
}

}  // namespace

bool CheckText(absl::string_view text, std::size_t max_bytes,
               const std::string& field, FieldViolations& violations) {
  if (text.size() > max_bytes) {
    violations.Add(field, AtMost("bytes", max_bytes, text.size()));
    return false;
  }
  const std::size_t nul = text.find('\0');
  if (nul != absl::string_view::npos) {
    violations.Add(field, absl::StrCat("must not have NUL bytes: got one at "
                                       "byte ",
                                       nul));
    return false;
  }
  const std::size_t bad = FindInvalidUtf8(text);
  if (bad != absl::string_view::npos) {
    violations.Add(
        field, absl::StrCat("must be UTF-8: it is not from byte ", bad, " on"));
    return false;
  }
  return true;
}

void CheckArgs(const google::protobuf::RepeatedPtrField<std::string>& args,
               const std::string& field, FieldViolations& violations) {
  if (args.size() > kMaxArgs) {
    violations.Add(field, AtMost("arguments", kMaxArgs,
                                 static_cast<std::size_t>(args.size())));
    return;
  }
  std::size_t bytes = 0;
  for (int i = 0; i < args.size(); ++i) {
    bytes += args.at(i).size() + 1;
    CheckText(args.at(i), kMaxArgBytes, absl::StrCat(field, "[", i, "]"),
              violations);
  }
  if (bytes > kMaxArgsBytes) {
    violations.Add(field, AtMost("bytes together", kMaxArgsBytes, bytes));
  }
}

void CheckProcessInput(const airlock::v1::ProcessInput& input,
                       const std::string& field, FieldViolations& violations) {
  if (input.stdin().size() > kMaxStdinBytes) {
    violations.Add(absl::StrCat(field, ".stdin"),
                   AtMost("bytes", kMaxStdinBytes, input.stdin().size()));
  }
  CheckEnv(input.env(), absl::StrCat(field, ".env"), violations);
  if (!input.cwd().empty()) {
    const absl::StatusOr<std::string> cwd = RelativeToWorkspace(input.cwd());
    if (!cwd.ok()) {
      violations.Add(absl::StrCat(field, ".cwd"), cwd.status().message());
    }
  }
  CheckFiles(input.files(), absl::StrCat(field, ".files"), violations);
}

void CheckMode(std::uint32_t mode, const std::string& field,
               FieldViolations& violations) {
  if (mode <= 0777) return;
  violations.Add(field, absl::StrCat("must be permission bits, at most 0777 "
                                     "(octal): got ",
                                     absl::StrFormat("%#o", mode)));
}

}  // namespace airlock::policy
