#include "services/executor/sandbox/frame_codec.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace airlock::executor {

absl::Status AppendFrame(const google::protobuf::MessageLite& message,
                         std::string& out) {
  const std::size_t size = message.ByteSizeLong();
  if (size > kMaxFrameBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a frame must have at most ", kMaxFrameBytes, " bytes: got ", size));
  }
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((size >> shift) & 0xff));
  }
  message.AppendToString(&out);
  return absl::OkStatus();
}

absl::Status FrameCutter::Feed(absl::string_view bytes, Handler handler) {
  while (true) {
    while (header_bytes_ < 4) {
      if (bytes.empty()) return absl::OkStatus();
      size_ = (size_ << 8) | static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      ++header_bytes_;
    }
    if (size_ > kMaxFrameBytes) {
      return absl::DataLossError(absl::StrCat(
          "a frame must have at most ", kMaxFrameBytes, " bytes: got ", size_));
    }
    const std::size_t taken = std::min(size_ - body_.size(), bytes.size());
    absl::string_view body = bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    // A frame that is whole in these bytes is not copied.
    const bool whole = body_.empty() && taken == size_;
    if (!whole) {
      body_.append(body.data(), body.size());
      if (body_.size() < size_) return absl::OkStatus();
      body = body_;
    }
    if (absl::Status status = handler(body); !status.ok()) {
      return status;
    }
    body_.clear();
    size_ = 0;
    header_bytes_ = 0;
  }
}

}  // namespace airlock::executor
