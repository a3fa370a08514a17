// Where in a JSON text the reader stands.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace airlock {

// `path` with one more key: "agents.ci-bot" or, where the key is not made of
// letters, digits, "_" and "-", `agents["ci.bot"]`. Odd bytes are escaped.
std::string AppendKey(absl::string_view path, absl::string_view key);

// `path` with an index: "approvalGating.rules[1]".
std::string AppendIndex(absl::string_view path, std::size_t index);

}  // namespace airlock
