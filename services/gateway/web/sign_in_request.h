// What somebody sends to sign in.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock::gateway {

// The token in {"token": "..."}. INVALID_ARGUMENT if it is not that.
absl::StatusOr<std::string> ReadSignInRequest(absl::string_view json);

}  // namespace airlock::gateway
