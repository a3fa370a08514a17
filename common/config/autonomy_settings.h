// The `autonomy` section, checked: what agents may ask for.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/action_word.h"
#include "common/config/problems.h"
#include "common/config/section_reader.h"

namespace airlock {

// How far an agent may go without a human.
enum class AutonomyLevel { kReadonly, kSupervised, kFull };

// "readonly" for kReadonly.
absl::string_view AutonomyLevelText(AutonomyLevel level);

// What an agent may ask for.
struct AutonomySettings {
  AutonomyLevel level = AutonomyLevel::kSupervised;
  // Absent: all.
  std::optional<std::set<ActionWord>> allowed_actions;
  // Wins over `allowed_actions`.
  std::set<ActionWord> blocked_actions;

  // Where these stand, for explanations.
  std::string level_path;
  std::string allowed_actions_path;
  std::string blocked_actions_path;
};

// Checks the section; `reader` reads `autonomy`, its shorthands excepted.
AutonomySettings ReadAutonomySettings(const config::v1::Autonomy& autonomy,
                                      SectionReader& reader,
                                      ProblemList& problems);

}  // namespace airlock
