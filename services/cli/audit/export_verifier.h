// Whether an export of the audit is what was written.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/audit_chain/chain_anchors.h"
#include "common/audit_chain/chain_verifier.h"
#include "common/security/ed25519.h"

namespace airlock::cli {

// What was found to be good.
struct VerifyReport {
  // The last record.
  ChainHead head;
  std::uint64_t first_sequence = 0;
  std::uint64_t records = 0;
  // Records whose payload is no longer kept.
  std::uint64_t missing_payloads = 0;
  // Checkpoints in the export.
  std::uint64_t checkpoints = 0;
  // Whether a checkpoint, in the export or among the anchors, covers the last
  // record; with public keys its signature was verified.
  bool end_is_covered = false;
};

// Takes the lines of an export in their order; constant memory. Not
// thread-safe.
class ExportVerifier {
 public:
  // `first_sequence`: of the first record, 1 for a whole chain. `keys`: whoever
  // signs checkpoints; empty: signatures are not verified. `anchors`:
  // checkpoints from elsewhere, verified by the caller.
  ExportVerifier(std::uint64_t first_sequence, std::vector<VerifyKey> keys,
                 ChainAnchors anchors)
      : first_sequence_(first_sequence),
        keys_(std::move(keys)),
        anchors_(std::move(anchors)),
        chain_(first_sequence) {}

  // kDataLoss: the line is not what must come now. The message names the first
  // bad record. Nothing that follows an error means anything.
  absl::Status AddLine(absl::string_view line);

  // Call once, after the last line. kDataLoss: the end is missing, there are
  // no records, or with keys: the last records stand under no signed
  // checkpoint.
  absl::StatusOr<VerifyReport> Finish() const;

 private:
  absl::Status AddRecord(const airlock::v1::SealedAuditRecord& sealed);
  absl::Status AddCheckpoint(const airlock::v1::AuditCheckpoint& checkpoint);

  const std::uint64_t first_sequence_;
  const std::vector<VerifyKey> keys_;
  const ChainAnchors anchors_;
  ChainVerifier chain_;
  std::uint64_t checkpoints_ = 0;
  // The record that the last checkpoint covers. 0: there was none.
  std::uint64_t covered_ = 0;
};

// The checkpoints in a file: one that the service wrote, or an earlier export,
// whose records are passed over. With `keys` every signature is verified.
// kDataLoss: a line is no good, a signature is wrong, or there are none.
absl::StatusOr<ChainAnchors> ReadAnchors(const std::string& path,
                                         const std::vector<VerifyKey>& keys);

// Verifies a whole file; "-" is standard input. Errors as above.
absl::StatusOr<VerifyReport> VerifyExport(const std::string& path,
                                          ExportVerifier& verifier);

}  // namespace airlock::cli
