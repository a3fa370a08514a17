#include "common/config/action_word.h"

#include <cstddef>

namespace airlock {

const std::vector<absl::string_view>& ActionWordTexts() {
  // In the order of ActionWord.
  static const auto* const kTexts = new std::vector<absl::string_view>{
      "code_exec",   "system_command", "file_read", "file_write",
      "file_delete", "http_get",       "http_post", "ssh_exec"};
  return *kTexts;
}

std::optional<ActionWord> ActionWordFromText(absl::string_view text) {
  const std::vector<absl::string_view>& texts = ActionWordTexts();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i] == text) return static_cast<ActionWord>(i);
  }
  return std::nullopt;
}

absl::string_view ActionWordText(ActionWord word) {
  return ActionWordTexts().at(static_cast<std::size_t>(word));
}

bool IsFileAction(ActionWord word) {
  return word == ActionWord::kFileRead || word == ActionWord::kFileWrite ||
         word == ActionWord::kFileDelete;
}

bool IsHttpAction(ActionWord word) {
  return word == ActionWord::kHttpGet || word == ActionWord::kHttpPost;
}

}  // namespace airlock
