// Stores by their settings, and what is done to them from outside.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/policy/store/store.h"
#include "services/policy/store/store_options.h"

namespace airlock::policy {

// Opens the store at `options.path`, or makes one; without a path, one in
// memory. kFailedPrecondition: it was written by a newer program
// (STORE_SCHEMA), or another process has it open (STORE_IN_USE). kDataLoss
// (STORE_DAMAGED): the file is damaged or something else.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(const StoreOptions& options);

// Copies the store at `from` to the new file `to`; the service may be at work.
// A store that is put back from it knows that it was: LiveState::restored.
// kNotFound: there is no store. kAlreadyExists: `to` is there.
absl::Status BackupStore(const std::string& from, const std::string& to);

// What is wrong with the store at `path`, one sentence each, for a human; empty
// if nothing is. The service may be at work. kNotFound: there is none.
absl::StatusOr<std::vector<std::string>> CheckStore(const std::string& path);

}  // namespace airlock::policy
