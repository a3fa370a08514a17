// The file with the checkpoints of the audit.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "airlock/v1/audit.pb.h"

namespace airlock::policy {

// A file of this size is set aside as "<path>.1", in place of an older one.
inline constexpr std::size_t kMaxCheckpointFileBytes = std::size_t{64} << 20;

// One line (see common/audit_chain/audit_ndjson.h) for each checkpoint, so that
// `airlock audit verify --anchor` reads it. For its owner alone. Calls block on
// the disk; one at a time.
class CheckpointFile {
 public:
  explicit CheckpointFile(std::string path) : path_(std::move(path)) {}

  // The newest checkpoint; nothing if there is no file. What a crash left of a
  // line that was being written is passed over. kDataLoss: the last line is not
  // a checkpoint.
  absl::StatusOr<std::optional<airlock::v1::AuditCheckpoint>> ReadLast() const;

  // Adds one; it is on the disk when this returns OK.
  absl::Status Append(const airlock::v1::AuditCheckpoint& checkpoint);

 private:
  const std::string path_;
};

}  // namespace airlock::policy
