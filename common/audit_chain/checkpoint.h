// Signed statements of how far a chain had come.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "airlock/v1/audit.pb.h"
#include "common/audit_chain/audit_chain.h"
#include "common/security/ed25519.h"

namespace airlock {

// States, at `now`, that the chain had come as far as `head`.
airlock::v1::AuditCheckpoint SignCheckpoint(const SigningKey& key,
                                            const ChainHead& head,
                                            absl::Time now);

// Whether one of `keys` signed exactly this checkpoint: several while keys are
// rotated. kDataLoss, reason AUDIT_SIGNATURE_WRONG: none of them did.
absl::Status VerifyCheckpoint(const std::vector<VerifyKey>& keys,
                              const airlock::v1::AuditCheckpoint& checkpoint);

}  // namespace airlock
