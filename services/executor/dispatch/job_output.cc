#include "services/executor/dispatch/job_output.h"

#include <algorithm>
#include <limits>

namespace airlock::executor {
namespace {

constexpr std::size_t IndexOf(Stream stream) {
  return stream == Stream::kStdout ? 0 : 1;
}

}  // namespace

void JobOutput::Append(Stream stream, absl::string_view data) {
  streams_[IndexOf(stream)].bytes.Append(data);
}

void JobOutput::Allow(std::uint64_t limit_bytes,
                      std::uint64_t stdout_acknowledged,
                      std::uint64_t stderr_acknowledged) {
  limit_ = std::max(limit_, limit_bytes);
  const std::array<std::uint64_t, 2> acknowledged = {stdout_acknowledged,
                                                     stderr_acknowledged};
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Kept& kept = streams_[i];
    // Nobody can hold what was never handed out.
    const std::uint64_t begin = std::min(acknowledged[i], kept.handed_out);
    if (begin <= kept.begin) continue;
    kept.bytes.RemovePrefix(begin - kept.begin);
    kept.begin = begin;
    kept.next = std::max(kept.next, begin);
  }
}

void JobOutput::LiftCredit() {
  limit_ = std::numeric_limits<std::uint64_t>::max();
}

void JobOutput::Rewind(std::uint64_t stdout_offset,
                       std::uint64_t stderr_offset) {
  const std::array<std::uint64_t, 2> offsets = {stdout_offset, stderr_offset};
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Kept& kept = streams_[i];
    kept.next = std::clamp(offsets[i], kept.begin, kept.handed_out);
  }
}

void JobOutput::RewindToKept() { Rewind(0, 0); }

std::optional<airlock::v1::OutputChunk> JobOutput::TakeChunk() {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (auto chunk = TakeChunk(i)) return chunk;
  }
  return std::nullopt;
}

std::optional<airlock::v1::OutputChunk> JobOutput::TakeChunk(
    std::size_t stream) {
  Kept& kept = streams_[stream];
  // Only first sendings use credit up.
  const std::uint64_t used = streams_[0].handed_out + streams_[1].handed_out;
  const std::uint64_t again = kept.handed_out - kept.next;
  const std::uint64_t left = limit_ - std::min(limit_, used);
  const std::uint64_t allowed =
      again + std::min<std::uint64_t>(left, kOutputChunkBytes);
  const auto size = std::min<std::uint64_t>(
      {kOutputChunkBytes, kept.end() - kept.next, allowed});
  if (size == 0) return std::nullopt;

  airlock::v1::OutputChunk chunk;
  chunk.set_stream(stream == 0 ? airlock::v1::OUTPUT_STREAM_STDOUT
                               : airlock::v1::OUTPUT_STREAM_STDERR);
  chunk.set_offset(kept.next);
  absl::CopyCordToString(kept.bytes.Subcord(kept.next - kept.begin, size),
                         chunk.mutable_data());
  kept.next += size;
  kept.handed_out = std::max(kept.handed_out, kept.next);
  return chunk;
}

std::uint64_t JobOutput::sandbox_limit() const {
  return std::min(limit_,
                  streams_[0].begin + streams_[1].begin + kKeptOutputBytes);
}

bool JobOutput::drained() const {
  return streams_[0].next == streams_[0].end() &&
         streams_[1].next == streams_[1].end();
}

bool JobOutput::acknowledged() const {
  return streams_[0].bytes.empty() && streams_[1].bytes.empty();
}

std::uint64_t JobOutput::kept_from(Stream stream) const {
  return streams_[IndexOf(stream)].begin;
}

std::uint64_t JobOutput::written(Stream stream) const {
  return streams_[IndexOf(stream)].end();
}

}  // namespace airlock::executor
