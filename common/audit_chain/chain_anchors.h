// Checkpoints from elsewhere, held against a chain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "airlock/v1/audit.pb.h"
#include "common/audit_chain/audit_chain.h"

namespace airlock {

// More are refused.
inline constexpr std::size_t kMaxChainAnchors = 1'000'000;

// What earlier checkpoints said of chains, so that a changed or cut one is
// noticed. Signatures are the caller's business. Not thread-safe.
class ChainAnchors {
 public:
  // kDataLoss, reason AUDIT_ANCHORS_DISAGREE: another one says something else
  // of the same record. kResourceExhausted: they are too many.
  absl::Status Add(const airlock::v1::AuditCheckpoint& checkpoint);

  // Call when the chain has come to `head`, for each record. kDataLoss, reason
  // AUDIT_ANCHOR_MISMATCH: an anchor saw another record there.
  absl::Status Check(const ChainHead& head) const;

  // Call at the end of the chain. kDataLoss, reason AUDIT_TAIL_CUT: an anchor
  // saw records behind it; AUDIT_WRITER_UNKNOWN: there are anchors, but none is
  // of its writer.
  absl::Status CheckEnd(const ChainHead& head) const;

  // Whether an anchor saw this very record.
  bool Covers(const ChainHead& head) const;

  std::size_t size() const { return hashes_.size(); }

 private:
  // The newest record of `writer` that any anchor saw. 0: none did.
  std::uint64_t NewestOf(const std::string& writer) const;

  // By writer and sequence.
  std::map<std::pair<std::string, std::uint64_t>, std::string> hashes_;
};

}  // namespace airlock
