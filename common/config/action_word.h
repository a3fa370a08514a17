// The eight kinds of action the configuration knows.
#pragma once

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"

namespace airlock {

// A kind of action as a rule names it. `file_list` is decided as kFileRead.
enum class ActionWord {
  kCodeExec,
  kSystemCommand,
  kFileRead,
  kFileWrite,
  kFileDelete,
  kHttpGet,
  kHttpPost,
  kSshExec,
};

// The word, compared byte for byte; nothing is trimmed or folded.
std::optional<ActionWord> ActionWordFromText(absl::string_view text);

// "code_exec" for kCodeExec.
absl::string_view ActionWordText(ActionWord word);

// All of them, for messages.
const std::vector<absl::string_view>& ActionWordTexts();

bool IsFileAction(ActionWord word);
bool IsHttpAction(ActionWord word);

}  // namespace airlock
