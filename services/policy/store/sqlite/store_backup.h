// Copies a store while it is in use.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace airlock::policy {

// Copies the store at `from`, as it is at one moment, to the new file `to`,
// which its owner alone may read and which is whole or not there.
// kAlreadyExists: there is something at `to`, or beside it under its name.
absl::Status CopyStore(const std::string& from, const std::string& to);

}  // namespace airlock::policy
