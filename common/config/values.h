// Single values of the configuration, from text. Each error says what would do
// and what came, without naming the key.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock {

// Bytes: digits with at most one of the suffixes b, k, m, g, t (powers of
// 1024, upper or lower case). kInvalidArgument for anything else, a sign and
// an overflow of int64 included; zero is a value.
absl::StatusOr<std::uint64_t> ParseByteSize(absl::string_view text);

// `bytes` as ParseByteSize reads it, with the largest suffix that is exact.
std::string FormatByteSize(std::uint64_t bytes);

// Thousandths of a processor: "1", "1.0" and "0.25" are 1000, 1000 and 250. At
// most three digits after the point. kInvalidArgument for anything else; zero
// is a value.
absl::StatusOr<std::uint32_t> ParseCpu(absl::string_view text);

// A place to listen or to dial.
struct HostPort {
  // Name, IPv4 address, or IPv6 address without brackets.
  std::string host;
  std::uint16_t port = 0;

  // "host:port", IPv6 in brackets.
  std::string ToString() const;
  // Whether `host` is an address of this machine only: 127.0.0.0/8, ::1 or
  // "localhost".
  bool IsLoopback() const;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// "host:port" or "[ipv6]:port". Port 0 is a value ("any"). kInvalidArgument for
// anything else.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view text);

// Whether `text` is a host name (labels of letters, digits and inner hyphens)
// or an IPv4 or IPv6 address without brackets.
bool IsHostName(absl::string_view text);

// Whether `text` may be the id of a principal: [a-z0-9][a-z0-9._-]{0,62}.
bool IsPrincipalId(absl::string_view text);

// "one, two or three", for messages.
std::string JoinWords(const std::vector<absl::string_view>& words);

// The word of `words` that was probably meant by `text`; "" if none is near.
std::string NearestWord(absl::string_view text,
                        const std::vector<absl::string_view>& words);

}  // namespace airlock
