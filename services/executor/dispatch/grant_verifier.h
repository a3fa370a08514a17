// Whether a grant permits what it is shown for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "common/security/key_files.h"

namespace airlock::executor {

// What is put before the claims when they are signed, its NUL included.
inline constexpr absl::string_view kGrantDomain("airlock.grant.v1\0", 17);

// The longest lifetime a grant may claim.
inline constexpr absl::Duration kMaxGrantLifetime = absl::Minutes(5);

// What a grant must be for.
struct GrantSubject {
  std::string execution_id;
  // 32 bytes.
  std::string digest;
  std::uint64_t fence = 0;
};

// Checks grants for one boot of one executor. That a grant is used only once
// is the caller's to see to. Thread-safe.
class GrantVerifier {
 public:
  GrantVerifier(std::unique_ptr<VerifyKeyFile> keys, std::string executor_id,
                std::string boot_nonce);

  // OK when one of the policy's keys signed exactly these claims, they are for
  // `subject` on this boot of this executor, and their lifetime, counted from
  // `received_at` on the monotonic clock, is not over at `now`. Else
  // PERMISSION_DENIED with reason GRANT_INVALID and the claim that is wrong.
  absl::Status Verify(const internal::v1::Grant& grant,
                      const GrantSubject& subject, absl::Duration received_at,
                      absl::Duration now) const;

 private:
  const std::unique_ptr<VerifyKeyFile> keys_;
  const std::string executor_id_;
  const std::string boot_nonce_;
};

}  // namespace airlock::executor
