// A tar with one program in it.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace airlock::executor {

// A tar that holds one file, readable and executable by everyone. `name` has
// at most 99 bytes.
std::string MakeTar(absl::string_view name, absl::string_view content);

// The content of the only regular file of a tar; nothing if it holds anything
// else or is malformed. The view is into `tar`.
std::optional<absl::string_view> ReadTar(absl::string_view tar);

}  // namespace airlock::executor
