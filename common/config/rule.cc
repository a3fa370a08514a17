#include "common/config/rule.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/config/key_path.h"
#include "common/config/section_reader.h"
#include "common/config/values.h"

namespace airlock {
namespace {

constexpr std::size_t kMaxPatternBytes = 4096;
constexpr std::int64_t kMaxPatternMemory = std::int64_t{1} << 20;

// Compiles the pattern at `key`. For a rule that tightens, dots match line
// feeds and anchors hold at every line: a line feed must not get past it.
std::shared_ptr<const re2::RE2> ReadPattern(SectionReader& reader,
                                            absl::string_view key,
                                            RuleEffect effect) {
  if (!reader.Has(key)) return nullptr;
  const std::string text = reader.RequiredText(key);
  if (text.empty()) return nullptr;
  if (text.size() > kMaxPatternBytes) {
    reader.AddError(key, absl::StrCat("must be at most ", kMaxPatternBytes,
                                      " bytes: got ", text.size()));
    return nullptr;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternMemory);
  const bool tightens = effect != RuleEffect::kAuto;
  // The text stands on its own first: "a)(b" must not close our group.
  auto pattern = std::make_shared<const re2::RE2>(text, options);
  if (pattern->ok() && tightens) {
    pattern = std::make_shared<const re2::RE2>(absl::StrCat("(?ms:", text, ")"),
                                               options);
  }
  if (pattern->ok()) return pattern;
  reader.AddError(
      key, absl::StrCat("must be an RE2 pattern: ", pattern->error(), ": got ",
                        QuoteForMessage(text)));
  return nullptr;
}

std::optional<HostPattern> ReadHost(SectionReader& reader) {
  if (!reader.Has("host")) return std::nullopt;
  const std::string text = reader.RequiredText("host");
  absl::string_view rest = text;
  HostPattern pattern;
  pattern.below = absl::ConsumePrefix(&rest, "*.");
  pattern.host = absl::AsciiStrToLower(rest);
  const bool address = absl::StrContains(rest, ':') ||
                       (!rest.empty() && absl::ascii_isdigit(rest.back()));
  if (!text.empty() && (!IsHostName(rest) || (pattern.below && address))) {
    reader.AddError("host", absl::StrCat("must be a host such as "
                                         "\"example.com\", or "
                                         "\"*.example.com\" for those below "
                                         "it: got ",
                                         QuoteForMessage(text)));
  }
  return pattern;
}

std::optional<std::string> ReadAgent(SectionReader& reader) {
  if (!reader.Has("agent")) return std::nullopt;
  std::string agent = reader.RequiredText("agent");
  if (!agent.empty() && !IsPrincipalId(agent)) {
    reader.AddError("agent", absl::StrCat("must be an agent's id, like "
                                          "[a-z0-9][a-z0-9._-]{0,62}: got ",
                                          QuoteForMessage(agent)));
  }
  return agent;
}

bool HasCommandText(ActionWord action) {
  return action == ActionWord::kSystemCommand ||
         action == ActionWord::kCodeExec || action == ActionWord::kSshExec;
}

// A condition on something the kind does not have could never hold.
void CheckConditionsFitKind(SectionReader& reader, ActionWord action) {
  struct Condition {
    absl::string_view key;
    bool fits;
    absl::string_view kinds;
  };
  const Condition conditions[] = {
      {"path", IsFileAction(action), "file_read, file_write and file_delete"},
      {"host", IsHttpAction(action), "http_get and http_post"},
      {"language", action == ActionWord::kCodeExec, "code_exec"},
      {"command", HasCommandText(action),
       "system_command, code_exec and ssh_exec"}};
  for (const Condition& condition : conditions) {
    if (!reader.Has(condition.key) || condition.fits) continue;
    reader.AddError(condition.key,
                    absl::StrCat("is a condition for ", condition.kinds,
                                 " only: got it with the action \"",
                                 ActionWordText(action), "\""));
  }
}

std::optional<ActionWord> ReadAction(SectionReader& reader) {
  if (!reader.Has("action")) {
    reader.AddMissing("action", absl::StrCat("is required: one of ",
                                             JoinWords(ActionWordTexts())));
    return std::nullopt;
  }
  const std::string text = reader.Word("action", "", ActionWordTexts());
  return ActionWordFromText(text);
}

std::optional<RuleEffect> ReadEffect(SectionReader& reader) {
  if (!reader.Has("approval")) {
    reader.AddMissing("approval",
                      "is required: \"auto\", \"required\" or \"deny\"");
    return std::nullopt;
  }
  const std::string text =
      reader.Word("approval", "", {"auto", "required", "deny"});
  if (text == "auto") return RuleEffect::kAuto;
  if (text == "required") return RuleEffect::kRequired;
  if (text == "deny") return RuleEffect::kDeny;
  return std::nullopt;
}

std::optional<std::uint32_t> ReadRequired(SectionReader& reader,
                                          std::optional<RuleEffect> effect) {
  if (!reader.Has("required")) return std::nullopt;
  if (effect.has_value() && effect != RuleEffect::kRequired) {
    reader.AddError(
        "required",
        absl::StrCat("is for rules with approval \"required\" only: "
                     "got it with \"",
                     RuleEffectText(*effect), "\""));
  }
  return static_cast<std::uint32_t>(
      reader.Integer("required", 1, {1, kMaxRequiredPersons}));
}

}  // namespace

absl::string_view RuleEffectText(RuleEffect effect) {
  switch (effect) {
    case RuleEffect::kAuto:
      return "auto";
    case RuleEffect::kRequired:
      return "required";
    case RuleEffect::kDeny:
      break;
  }
  return "deny";
}

bool HostPattern::Matches(absl::string_view name) const {
  if (!below) return name == host;
  return absl::EndsWith(name, absl::StrCat(".", host));
}

bool HostPattern::Covers(const HostPattern& other) const {
  return *this == other || (below && Matches(other.host));
}

std::optional<Rule> ReadRule(const config::v1::Rule& rule,
                             const std::string& key_path,
                             ProblemList& problems) {
  const std::size_t errors_before = problems.errors_added();
  SectionReader reader(rule, key_path, problems);
  const std::optional<ActionWord> action = ReadAction(reader);
  const std::optional<RuleEffect> effect = ReadEffect(reader);
  Rule checked;
  checked.key_path = key_path;
  checked.action = action.value_or(checked.action);
  checked.effect = effect.value_or(checked.effect);
  checked.agent = ReadAgent(reader);
  checked.host = ReadHost(reader);
  if (reader.Has("language"))
    checked.language = reader.RequiredText("language");
  checked.required = ReadRequired(reader, effect);
  checked.path = ReadPattern(reader, "path", checked.effect);
  checked.path_text = rule.path();
  checked.command = ReadPattern(reader, "command", checked.effect);
  checked.command_text = rule.command();
  if (action.has_value()) CheckConditionsFitKind(reader, *action);
  if (action.has_value() && effect == RuleEffect::kAuto &&
      reader.Has("command") && action != ActionWord::kSystemCommand &&
      HasCommandText(*action)) {
    reader.AddError("command",
                    absl::StrCat("with approval \"auto\" is for the argv of "
                                 "system_command only: on code and shell lines "
                                 "a pattern may only tighten; got the action "
                                 "\"",
                                 ActionWordText(*action), "\""));
  }
  if (problems.errors_added() > errors_before) return std::nullopt;
  return checked;
}

}  // namespace airlock
