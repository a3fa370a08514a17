#include "services/executor/backends/docker/stream_demuxer.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace airlock::executor {

absl::Status StreamDemuxer::Add(absl::string_view data, const Sink& sink) {
  while (broken_.ok() && !data.empty()) {
    if (payload_left_ > 0) {
      const auto count = std::min<std::size_t>(payload_left_, data.size());
      sink(source_, data.substr(0, count));
      data.remove_prefix(count);
      payload_left_ -= static_cast<std::uint32_t>(count);
      continue;
    }
    const std::size_t count =
        std::min(kHeaderBytes - header_size_, data.size());
    std::memcpy(header_.data() + header_size_, data.data(), count);
    header_size_ += count;
    data.remove_prefix(count);
    if (header_size_ == kHeaderBytes) broken_ = ReadHeader();
  }
  return broken_;
}

absl::Status StreamDemuxer::ReadHeader() {
  header_size_ = 0;
  const bool known = header_[0] == 1 || header_[0] == 2;
  if (!known || header_[1] != 0 || header_[2] != 0 || header_[3] != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the engine's attach stream is malformed: a frame must begin with the "
        "stream 1 or 2 and three zero bytes: got 0x",
        absl::BytesToHexString(absl::string_view(
            reinterpret_cast<const char*>(header_.data()), 4))));
  }
  source_ = header_[0] == 1 ? Source::kStdout : Source::kStderr;
  payload_left_ = 0;
  for (std::size_t i = 4; i < kHeaderBytes; ++i) {
    payload_left_ = payload_left_ << 8U | header_[i];
  }
  return absl::OkStatus();
}

}  // namespace airlock::executor
