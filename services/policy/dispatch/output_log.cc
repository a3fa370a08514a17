#include "services/policy/dispatch/output_log.h"

#include <algorithm>
#include <utility>

namespace airlock::policy {
namespace {

std::size_t IndexOf(airlock::v1::OutputStream stream) {
  return stream == airlock::v1::OUTPUT_STREAM_STDERR ? 1 : 0;
}

}  // namespace

std::size_t OutputLog::Append(airlock::v1::OutputChunk chunk,
                              std::uint64_t pinned) {
  const std::size_t index = IndexOf(chunk.stream());
  std::uint64_t& next = next_offset_[index];
  if (chunk.offset() < next) {
    const std::size_t known = static_cast<std::size_t>(
        std::min<std::uint64_t>(next - chunk.offset(), chunk.data().size()));
    chunk.mutable_data()->erase(0, known);
    chunk.set_offset(chunk.offset() + known);
  }
  const std::size_t size = chunk.data().size();
  if (size == 0) return 0;
  whole_[index] = whole_[index] && chunk.offset() == next;
  if (whole_[index]) digests_[index].Add(chunk.data());
  Kept kept{std::move(chunk), received()};
  next = kept.chunk.offset() + size;
  if (tail_.empty() && first_tail_ == head_.size() &&
      head_bytes_ + size <= max_bytes_ / 4) {
    head_bytes_ += size;
    head_.push_back(std::move(kept));
    ++first_tail_;
    return size;
  }
  tail_bytes_ += size;
  tail_.push_back(std::move(kept));
  Forget(pinned);
  return size;
}

void OutputLog::BeginAt(std::uint64_t stdout_offset,
                        std::uint64_t stderr_offset) {
  const std::array<std::uint64_t, 2> begin = {stdout_offset, stderr_offset};
  for (std::size_t i = 0; i < begin.size(); ++i) {
    if (begin[i] <= next_offset_[i]) continue;
    next_offset_[i] = begin[i];
    whole_[i] = false;
  }
}

void OutputLog::Forget(std::uint64_t pinned) {
  while (kept_bytes() > max_bytes_ && tail_.size() > 1 &&
         first_tail_ < pinned) {
    tail_bytes_ -= tail_.front().chunk.data().size();
    tail_.pop_front();
    ++first_tail_;
  }
}

const OutputLog::Kept* OutputLog::Find(std::uint64_t number) const {
  if (number < head_.size()) return &head_[number];
  const std::uint64_t index = std::max(number, first_tail_) - first_tail_;
  return index < tail_.size() ? &tail_[index] : nullptr;
}

std::optional<OutputLog::Entry> OutputLog::At(std::uint64_t number) const {
  const Kept* kept = Find(number);
  if (kept == nullptr) return std::nullopt;
  if (number >= head_.size()) number = std::max(number, first_tail_);
  return Entry{number, &kept->chunk};
}

std::uint64_t OutputLog::BytesBefore(std::uint64_t number) const {
  const Kept* kept = Find(number);
  return kept == nullptr ? received() : kept->before;
}

std::uint64_t OutputLog::received(airlock::v1::OutputStream stream) const {
  return next_offset_[IndexOf(stream)];
}

std::string OutputLog::Sha256Of(airlock::v1::OutputStream stream) const {
  const std::size_t index = IndexOf(stream);
  return whole_[index] ? ToBytes(digests_[index].Digest()) : "";
}

std::uint64_t OutputLog::received() const {
  return next_offset_[0] + next_offset_[1];
}

}  // namespace airlock::policy
