// Numbers and texts as SSH packs them (RFC 4251, section 5).
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace airlock::executor {

// Reads from the front of `bytes`, which must outlive it and what it returns.
// No value: there is less than that.
class WireReader {
 public:
  explicit WireReader(absl::string_view bytes) : bytes_(bytes) {}

  std::optional<std::uint32_t> ReadNumber() {
    if (bytes_.size() < 4) return std::nullopt;
    std::uint32_t number = 0;
    for (const char byte : bytes_.substr(0, 4)) {
      number = (number << 8U) | static_cast<std::uint8_t>(byte);
    }
    bytes_.remove_prefix(4);
    return number;
  }

  std::optional<absl::string_view> ReadText() {
    const std::optional<std::uint32_t> size = ReadNumber();
    if (!size.has_value() || *size > bytes_.size()) return std::nullopt;
    const absl::string_view text = bytes_.substr(0, *size);
    bytes_.remove_prefix(*size);
    return text;
  }

 private:
  absl::string_view bytes_;
};

}  // namespace airlock::executor
