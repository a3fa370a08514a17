#include "services/cli/run/output_position.h"

#include <algorithm>

namespace airlock::cli {

FreshOutput OutputPosition::Accept(const airlock::v1::OutputChunk& chunk) {
  std::uint64_t& position = chunk.stream() == airlock::v1::OUTPUT_STREAM_STDERR
                                ? stderr_offset_
                                : stdout_offset_;
  FreshOutput fresh;
  fresh.stream = chunk.stream();
  fresh.data = chunk.data();
  if (chunk.offset() > position) {
    fresh.lost_bytes = chunk.offset() - position;
    position = chunk.offset();
  }
  const std::uint64_t known = position - chunk.offset();
  fresh.data.remove_prefix(static_cast<std::size_t>(
      std::min<std::uint64_t>(known, fresh.data.size())));
  position += fresh.data.size();
  return fresh;
}

}  // namespace airlock::cli
