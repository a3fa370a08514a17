#include "common/config/autonomy_settings.h"

#include "absl/strings/str_cat.h"
#include "common/config/key_path.h"
#include "common/config/values.h"

namespace airlock {
namespace {

void AddUnknownAction(absl::string_view text, const std::string& path,
                      ProblemList& problems) {
  if (text == "file_list") {
    problems.AddError(path,
                      "must not be \"file_list\": it is decided as "
                      "\"file_read\", so name that");
    return;
  }
  problems.AddError(path, absl::StrCat("must be ", JoinWords(ActionWordTexts()),
                                       ": got ", QuoteForMessage(text)));
}

std::set<ActionWord> ReadActions(const config::v1::StringList& list,
                                 const std::string& path,
                                 ProblemList& problems) {
  std::set<ActionWord> actions;
  for (int i = 0; i < list.values_size(); ++i) {
    const std::string& text = list.values(i);
    const std::string item = AppendIndex(path, static_cast<std::size_t>(i));
    const std::optional<ActionWord> word = ActionWordFromText(text);
    if (!word.has_value()) {
      AddUnknownAction(text, item, problems);
    } else if (!actions.insert(*word).second) {
      problems.AddWarning(item, absl::StrCat("is in the list already: ",
                                             QuoteForMessage(text)));
    }
  }
  return actions;
}

AutonomyLevel LevelFromText(absl::string_view text) {
  if (text == "readonly") return AutonomyLevel::kReadonly;
  if (text == "full") return AutonomyLevel::kFull;
  return AutonomyLevel::kSupervised;
}

void WarnOfContradictions(const AutonomySettings& settings,
                          ProblemList& problems) {
  if (!settings.allowed_actions.has_value()) return;
  if (settings.allowed_actions->empty()) {
    problems.AddWarning(settings.allowed_actions_path,
                        "is empty: every action is refused");
  }
  for (const ActionWord word : *settings.allowed_actions) {
    if (!settings.blocked_actions.contains(word)) continue;
    problems.AddWarning(
        settings.allowed_actions_path,
        absl::StrCat("has \"", ActionWordText(word), "\", which ",
                     settings.blocked_actions_path, " has too: it is blocked"));
  }
}

}  // namespace

absl::string_view AutonomyLevelText(AutonomyLevel level) {
  switch (level) {
    case AutonomyLevel::kReadonly:
      return "readonly";
    case AutonomyLevel::kSupervised:
      return "supervised";
    case AutonomyLevel::kFull:
      break;
  }
  return "full";
}

AutonomySettings ReadAutonomySettings(const config::v1::Autonomy& autonomy,
                                      SectionReader& reader,
                                      ProblemList& problems) {
  AutonomySettings settings;
  settings.level_path = reader.Path("level");
  settings.allowed_actions_path = reader.Path("allowedActions");
  settings.blocked_actions_path = reader.Path("blockedActions");
  settings.level = LevelFromText(
      reader.Word("level", "supervised", {"readonly", "supervised", "full"}));
  if (autonomy.has_allowed_actions()) {
    settings.allowed_actions = ReadActions(
        autonomy.allowed_actions(), settings.allowed_actions_path, problems);
  }
  settings.blocked_actions = ReadActions(
      autonomy.blocked_actions(), settings.blocked_actions_path, problems);
  WarnOfContradictions(settings, problems);
  return settings;
}

}  // namespace airlock
