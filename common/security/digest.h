// SHA-256 and hexadecimal.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "common/security/openssl.h"

namespace airlock {

using Sha256Digest = std::array<std::uint8_t, 32>;

// The SHA-256 of `data`.
Sha256Digest Sha256(absl::string_view data);

// The SHA-256 of what comes in pieces. Costs nothing before the first one. Not
// thread-safe.
class Sha256Stream {
 public:
  void Add(absl::string_view data);
  // Of all that came so far; more may come.
  Sha256Digest Digest() const;

 private:
  // Null before the first byte.
  EvpContext context_;
};

// The digest as 32 raw bytes.
std::string ToBytes(const Sha256Digest& digest);

// The digest as 64 lower-case hexadecimal digits.
std::string ToHex(const Sha256Digest& digest);

// Bytes as lower-case hexadecimal digits.
std::string HexEncode(absl::string_view bytes);

// The bytes of hexadecimal digits, upper or lower case; nothing if there is an
// odd number of them or any other character.
std::optional<std::string> HexDecode(absl::string_view hex);

// Whether both are equal, in a time that depends only on the lengths.
bool EqualInConstantTime(absl::string_view left, absl::string_view right);

}  // namespace airlock
