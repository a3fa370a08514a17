#include "services/policy/standing/standing_scope.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/config/values.h"
#include "common/json/enum_word.h"
#include "common/security/digest.h"
#include "common/text_escape/shown_text.h"
#include "services/policy/engine/action_facts.h"
#include "services/policy/engine/action_limits.h"
#include "services/policy/engine/action_paths.h"

namespace airlock::policy {
namespace {

using airlock::v1::ActionKind;
using airlock::v1::ActionPattern;
using airlock::v1::StandingScope;

constexpr absl::string_view kPattern = "scope.pattern";
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxShownBytes = 100;

bool IsHttp(ActionKind kind) {
  return kind == airlock::v1::ACTION_KIND_HTTP_GET ||
         kind == airlock::v1::ACTION_KIND_HTTP_POST;
}

bool IsFile(ActionKind kind) {
  return kind == airlock::v1::ACTION_KIND_FILE_READ ||
         kind == airlock::v1::ACTION_KIND_FILE_LIST ||
         kind == airlock::v1::ACTION_KIND_FILE_WRITE ||
         kind == airlock::v1::ACTION_KIND_FILE_DELETE;
}

std::string FieldOf(absl::string_view name) {
  return absl::StrCat(kPattern, ".", name);
}

void RefuseHost(const ActionPattern& pattern, FieldViolations& violations) {
  if (pattern.host().empty()) return;
  violations.Add(FieldOf("host"), "must be empty but for HTTP actions");
}

void RefuseArgv(const ActionPattern& pattern, FieldViolations& violations) {
  if (pattern.argv_prefix().empty()) return;
  violations.Add(FieldOf("argv_prefix"),
                 "must be empty but for system_command");
}

void CheckHttp(const ActionPattern& pattern, FieldViolations& violations) {
  RefuseArgv(pattern, violations);
  const bool lower = std::none_of(pattern.host().begin(), pattern.host().end(),
                                  [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!IsHostName(pattern.host()) || !lower) {
    violations.Add(FieldOf("host"),
                   absl::StrCat("must be a host name in lower case, without a "
                                "port: got ",
                                QuoteForMessage(pattern.host())));
  }
  std::vector<std::string> components;
  if (pattern.path().size() > kMaxUrlBytes ||
      !UrlComponents(pattern.path(), components)) {
    violations.Add(
        FieldOf("path"),
        absl::StrCat("must be empty or begin with \"/\", without "
                     "empty components, \".\", \"..\" and escapes of "
                     "such: got ",
                     QuoteForMessage(pattern.path())));
  }
}

void CheckFile(const ActionPattern& pattern, FieldViolations& violations) {
  RefuseHost(pattern, violations);
  RefuseArgv(pattern, violations);
  const auto relative = RelativeToWorkspace(pattern.path());
  if (!relative.ok()) {
    violations.Add(FieldOf("path"), relative.status().message());
  }
}

void CheckCommand(const ActionPattern& pattern, FieldViolations& violations) {
  RefuseHost(pattern, violations);
  if (!pattern.path().empty()) {
    violations.Add(FieldOf("path"),
                   "must be empty but for file and HTTP actions");
  }
  std::size_t bytes = 0;
  for (const std::string& arg : pattern.argv_prefix()) bytes += arg.size() + 1;
  if (pattern.argv_prefix().empty() || pattern.argv_prefix(0).empty() ||
      bytes > kMaxShapeBytes) {
    violations.Add(FieldOf("argv_prefix"),
                   absl::StrCat("must have from 1 argument to ", kMaxShapeBytes,
                                " bytes of them, the first one not empty"));
  }
}

void CheckPattern(const ActionPattern& pattern, FieldViolations& violations) {
  const ActionKind kind = pattern.action_kind();
  if (IsHttp(kind)) return CheckHttp(pattern, violations);
  if (IsFile(kind)) return CheckFile(pattern, violations);
  if (kind == airlock::v1::ACTION_KIND_SYSTEM_COMMAND) {
    return CheckCommand(pattern, violations);
  }
  violations.Add(
      FieldOf("action_kind"),
      "must be a file or HTTP action or system_command: code and remote "
      "commands are covered by their action_hash only");
}

// The components of a pattern's path. False: it is no path.
bool PatternComponents(const ActionPattern& pattern,
                       std::vector<std::string>& components) {
  if (IsHttp(pattern.action_kind())) {
    return UrlComponents(pattern.path(), components);
  }
  const auto relative = RelativeToWorkspace(pattern.path());
  if (!relative.ok()) return false;
  components = FileComponents(*relative);
  return true;
}

template <typename Prefix, typename Whole>
bool IsPrefix(const Prefix& prefix, const Whole& whole) {
  return static_cast<std::size_t>(prefix.size()) <= whole.size() &&
         std::equal(prefix.begin(), prefix.end(), whole.begin());
}

bool PatternCovers(const ActionPattern& pattern, const ActionShape& shape) {
  if (!shape.why_no_pattern.empty() || pattern.action_kind() != shape.kind) {
    return false;
  }
  if (shape.kind == airlock::v1::ACTION_KIND_SYSTEM_COMMAND) {
    return !pattern.argv_prefix().empty() &&
           IsPrefix(pattern.argv_prefix(), shape.argv);
  }
  if (!IsHttp(shape.kind) && !IsFile(shape.kind)) return false;
  if (IsHttp(shape.kind) &&
      (pattern.host().empty() || pattern.host() != shape.host)) {
    return false;
  }
  std::vector<std::string> components;
  return PatternComponents(pattern, components) &&
         IsPrefix(components, shape.path);
}

std::string Shown(absl::string_view text) {
  const ShownText shown = ShowText(text, LineFeeds::kEscaped, kMaxShownBytes);
  return absl::StrCat(shown.text, shown.cut_bytes > 0 ? "..." : "");
}

std::string SummarizePattern(const ActionPattern& pattern) {
  const std::string kind =
      EnumWord(*airlock::v1::ActionKind_descriptor(), pattern.action_kind());
  if (IsHttp(pattern.action_kind())) {
    return absl::StrCat(kind, " to ", Shown(pattern.host()),
                        pattern.path().empty() || pattern.path() == "/"
                            ? ", any path"
                            : absl::StrCat(" below ", Shown(pattern.path())));
  }
  if (IsFile(pattern.action_kind())) {
    return absl::StrCat(
        kind, " of ",
        pattern.path() == "."
            ? "anything in the workspace"
            : absl::StrCat(Shown(pattern.path()), " and all below it"));
  }
  return absl::StrCat(kind, " beginning with ",
                      Shown(RenderQuoted({pattern.argv_prefix().begin(),
                                          pattern.argv_prefix().end()})));
}

}  // namespace

void CheckScope(const StandingScope& scope, FieldViolations& violations) {
  if (scope.agent().empty()) {
    violations.Add("scope.agent",
                   "must be the agent of the question: got none");
  }
  if (scope.session().size() > kMaxNameBytes) {
    violations.Add("scope.session", absl::StrCat("must be at most ",
                                                 kMaxNameBytes, " characters"));
  }
  switch (scope.match_case()) {
    case StandingScope::kActionHash:
      if (scope.action_hash().size() != kHashDigits ||
          !HexDecode(scope.action_hash()).has_value()) {
        violations.Add("scope.action_hash",
                       absl::StrCat("must be the question's action_hash, ",
                                    kHashDigits, " hexadecimal digits: got ",
                                    QuoteForMessage(scope.action_hash())));
      }
      return;
    case StandingScope::kPattern:
      return CheckPattern(scope.pattern(), violations);
    case StandingScope::MATCH_NOT_SET:
      break;
  }
  violations.Add("scope", "must have an action_hash or a pattern: got neither");
}

bool Covers(const StandingScope& scope, const StandingSubject& subject) {
  if (scope.agent().empty() || scope.agent() != subject.agent) return false;
  if (!scope.session().empty() && scope.session() != subject.session) {
    return false;
  }
  switch (scope.match_case()) {
    case StandingScope::kActionHash:
      return !scope.action_hash().empty() &&
             scope.action_hash() == subject.action_hash;
    case StandingScope::kPattern:
      return PatternCovers(scope.pattern(), subject.shape);
    case StandingScope::MATCH_NOT_SET:
      break;
  }
  return false;
}

std::string SummarizeScope(const StandingScope& scope) {
  const std::string session =
      scope.session().empty()
          ? ""
          : absl::StrCat(" in session ", Shown(scope.session()));
  return absl::StrCat(
      "agent ", Shown(scope.agent()), session, ": ",
      scope.has_pattern()
          ? SummarizePattern(scope.pattern())
          : absl::StrCat("exactly the action ", Shown(scope.action_hash())));
}

}  // namespace airlock::policy
