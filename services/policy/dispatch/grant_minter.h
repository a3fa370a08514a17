// Signs the permission to start a job.
#pragma once

#include "absl/strings/string_view.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "common/security/ed25519.h"
#include "services/policy/dispatch/execution.h"

namespace airlock::policy {

// Thread-safe. `key` must outlive this.
class GrantMinter {
 public:
  explicit GrantMinter(const SigningKey& key) : key_(key) {}

  // A grant for this digest on exactly this assignment.
  airlock::internal::v1::Grant Mint(absl::string_view execution_id,
                                    absl::string_view digest,
                                    const Assignment& assignment) const;

 private:
  const SigningKey& key_;
};

}  // namespace airlock::policy
