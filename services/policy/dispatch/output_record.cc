#include "services/policy/dispatch/output_record.h"

#include <string>
#include <utility>

namespace airlock::policy {
namespace {

using airlock::internal::v1::StoredOutput;
using airlock::internal::v1::StoredStream;
using airlock::v1::OutputChunk;
using airlock::v1::OutputStream;

constexpr std::size_t kHeadBytes = kMaxStoredOutputBytes / 2 / 4;
constexpr std::size_t kTailBytes = kMaxStoredOutputBytes / 2 - kHeadBytes;

// Takes the kept chunks of one stream, first to last.
class Collector {
 public:
  void Add(const OutputChunk& chunk) {
    std::string_view data = chunk.data();
    if (chunk.offset() == head_.size() && head_.size() < kHeadBytes &&
        tail_.empty()) {
      const std::string_view first = data.substr(0, kHeadBytes - head_.size());
      head_.append(first);
      data.remove_prefix(first.size());
    } else if (chunk.offset() != end_) {
      // What is before a gap cannot be the end.
      tail_.clear();
    }
    end_ = chunk.offset() + chunk.data().size();
    tail_.append(data);
    if (tail_.size() > 2 * kTailBytes) Trim();
  }

  void Put(const OutputLog& log, OutputStream which, StoredStream& stored) {
    Trim();
    stored.set_head(std::move(head_));
    stored.set_tail(std::move(tail_));
    stored.set_total_bytes(log.received(which));
    stored.set_sha256(log.Sha256Of(which));
  }

 private:
  void Trim() {
    if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  }

  std::string head_;
  std::string tail_;
  std::uint64_t end_ = 0;
};

void AddChunk(OutputStream which, std::uint64_t offset, const std::string& data,
              ExecutionFeed& feed) {
  if (data.empty()) return;
  OutputChunk chunk;
  chunk.set_stream(which);
  chunk.set_offset(offset);
  chunk.set_data(data);
  feed.AddOutput(std::move(chunk));
}

void AddStream(OutputStream which, const StoredStream& stored,
               ExecutionFeed& feed) {
  AddChunk(which, 0, stored.head(), feed);
  AddChunk(which, stored.total_bytes() - stored.tail().size(), stored.tail(),
           feed);
}

}  // namespace

StoredOutput OutputToStore(const OutputLog& log) {
  Collector out;
  Collector err;
  std::uint64_t number = 0;
  while (const auto entry = log.At(number)) {
    const bool is_err =
        entry->chunk->stream() == airlock::v1::OUTPUT_STREAM_STDERR;
    (is_err ? err : out).Add(*entry->chunk);
    number = entry->number + 1;
  }
  StoredOutput stored;
  out.Put(log, airlock::v1::OUTPUT_STREAM_STDOUT, *stored.mutable_stdout());
  err.Put(log, airlock::v1::OUTPUT_STREAM_STDERR, *stored.mutable_stderr());
  return stored;
}

void AddStoredOutput(const StoredOutput& output, ExecutionFeed& feed) {
  AddStream(airlock::v1::OUTPUT_STREAM_STDOUT, output.stdout(), feed);
  AddStream(airlock::v1::OUTPUT_STREAM_STDERR, output.stderr(), feed);
}

}  // namespace airlock::policy
