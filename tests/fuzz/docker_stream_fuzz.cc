// The engine's attach stream, cut anywhere: what comes out must not depend on
// the cuts, and nothing may come out that did not go in.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "services/executor/backends/docker/stream_demuxer.h"

namespace {

using airlock::executor::StreamDemuxer;

struct Output {
  bool ok = true;
  std::string streams[3];
};

// Feeds `data` in pieces of `size`.
Output Demux(absl::string_view data, std::size_t size) {
  Output output;
  StreamDemuxer demuxer;
  const StreamDemuxer::Sink sink = [&output](StreamDemuxer::Source source,
                                             absl::string_view piece) {
    output.streams[static_cast<int>(source)].append(piece.data(), piece.size());
  };
  while (output.ok && !data.empty()) {
    output.ok = demuxer.Add(data.substr(0, size), sink).ok();
    data.remove_prefix(data.size() < size ? data.size() : size);
  }
  return output;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const Output whole = Demux(text, size == 0 ? 1 : size);
  const Output bytes = Demux(text, 1);
  const Output pieces = Demux(text, 7);
  for (int stream : {1, 2}) {
    if (whole.streams[stream] != bytes.streams[stream] ||
        whole.streams[stream] != pieces.streams[stream]) {
      std::abort();
    }
  }
  if (whole.ok != bytes.ok || whole.ok != pieces.ok) std::abort();
  if (whole.streams[1].size() + whole.streams[2].size() > size) std::abort();
  return 0;
}
