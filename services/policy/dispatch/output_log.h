// The output of one execution, as far as it is kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "airlock/v1/execution.pb.h"
#include "common/security/digest.h"

namespace airlock::policy {

// Keeps the beginning and the end of what a process wrote, in the order it
// came, within a bound. Chunks are numbered from 0; those in the middle are
// forgotten first. Not thread-safe.
class OutputLog {
 public:
  // A quarter of `max_bytes` is for the beginning, the rest for the end.
  explicit OutputLog(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // Appends what is new in `chunk`: a repetition of what came before is cut
  // off. Nothing numbered `pinned` or higher is forgotten for it. Returns how
  // many bytes were new.
  std::size_t Append(airlock::v1::OutputChunk chunk, std::uint64_t pinned);

  // What is before these offsets, and did not come yet, will never come.
  void BeginAt(std::uint64_t stdout_offset, std::uint64_t stderr_offset);

  // The first kept chunk numbered `number` or higher, and its number; nothing
  // if there is none yet. The pointer lives until the next Append().
  struct Entry {
    std::uint64_t number;
    const airlock::v1::OutputChunk* chunk;
  };
  std::optional<Entry> At(std::uint64_t number) const;

  // Bytes that came so far, of one stream and of both.
  std::uint64_t received(airlock::v1::OutputStream stream) const;
  std::uint64_t received() const;

  // Bytes of both streams that came before the chunk At(number) gives, or all
  // that came if there is none.
  std::uint64_t BytesBefore(std::uint64_t number) const;

  // SHA-256 of all of one stream so far, as 32 bytes. Empty: a part of it never
  // came here.
  std::string Sha256Of(airlock::v1::OutputStream stream) const;

  // Bytes that are kept.
  std::size_t kept_bytes() const { return head_bytes_ + tail_bytes_; }

  // The number the next chunk will have.
  std::uint64_t next_number() const { return first_tail_ + tail_.size(); }

 private:
  struct Kept {
    airlock::v1::OutputChunk chunk;
    // Bytes of both streams that came before it.
    std::uint64_t before = 0;
  };

  const Kept* Find(std::uint64_t number) const;
  void Forget(std::uint64_t pinned);

  const std::size_t max_bytes_;
  std::deque<Kept> head_;
  std::size_t head_bytes_ = 0;
  std::deque<Kept> tail_;
  std::size_t tail_bytes_ = 0;
  // The number of tail_.front(), or of the next chunk.
  std::uint64_t first_tail_ = 0;
  // Next offset of standard output and of standard error.
  std::array<std::uint64_t, 2> next_offset_ = {0, 0};
  std::array<Sha256Stream, 2> digests_;
  // Whether all of the stream came.
  std::array<bool, 2> whole_ = {true, true};
};

}  // namespace airlock::policy
