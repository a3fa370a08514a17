#include "services/executor/clients/output_join.h"

#include <string>

#include "services/executor/dispatch/job_output.h"

namespace airlock::executor {

bool JoinOutput(const internal::v1::ConnectRequest& message,
                internal::v1::ConnectRequest& waiting) {
  if (!message.has_output() || !waiting.has_output()) return false;
  const internal::v1::Output& piece = message.output();
  internal::v1::Output& whole = *waiting.mutable_output();
  const std::size_t size = whole.chunk().data().size();
  if (piece.execution_id() != whole.execution_id() ||
      piece.fence() != whole.fence() ||
      piece.chunk().stream() != whole.chunk().stream() ||
      piece.chunk().offset() != whole.chunk().offset() + size ||
      piece.chunk().data().size() + size > kOutputChunkBytes) {
    return false;
  }
  std::string& data = *whole.mutable_chunk()->mutable_data();
  data.reserve(kOutputChunkBytes);
  data.append(piece.chunk().data());
  return true;
}

}  // namespace airlock::executor
