// Signs the permission to start a job.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "common/security/ed25519.h"
#include "services/policy/dispatch/execution.h"

namespace airlock::policy {

// Thread-safe.
class GrantMinter {
 public:
  // Gives the key to sign with: the one in use may change. Thread-safe.
  using KeySource = std::function<std::shared_ptr<const SigningKey>()>;

  explicit GrantMinter(KeySource key) : key_(std::move(key)) {}

  // A grant for this digest on exactly this assignment.
  airlock::internal::v1::Grant Mint(absl::string_view execution_id,
                                    absl::string_view digest,
                                    const Assignment& assignment) const;

 private:
  const KeySource key_;
};

}  // namespace airlock::policy
