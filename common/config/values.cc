#include "common/config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/config/problems.h"

namespace airlock {
namespace {

constexpr absl::string_view kSuffixes = "bkmgt";

bool IsDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

absl::Status NotA(absl::string_view what, absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("must be ", what, ": got ", QuoteForMessage(text)));
}

bool IsAddress(int family, absl::string_view text) {
  in6_addr buffer{};
  return inet_pton(family, std::string(text).c_str(), &buffer) == 1;
}

// Last labels of digits are addresses to every resolver, in one of many
// spellings; only the usual one is taken.
bool LooksLikeIpv4(absl::string_view text) {
  const std::vector<std::string> labels = absl::StrSplit(text, '.');
  return IsDigits(labels.back()) ||
         absl::StartsWithIgnoreCase(labels.back(), "0x");
}

bool IsLabel(absl::string_view label) {
  if (label.empty() || label.size() > 63) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '_';
  });
}

}  // namespace

absl::StatusOr<std::uint64_t> ParseByteSize(absl::string_view text) {
  static constexpr absl::string_view kWhat =
      R"(a size such as "512m" or "1g" (suffixes b, k, m, g, t; 1k is 1024))";
  absl::string_view digits = text;
  int shift = 0;
  if (!digits.empty()) {
    const std::size_t suffix = kSuffixes.find(
        absl::ascii_tolower(static_cast<unsigned char>(digits.back())));
    if (suffix != absl::string_view::npos) {
      shift = static_cast<int>(suffix) * 10;
      digits.remove_suffix(1);
    }
  }
  if (!IsDigits(digits)) return NotA(kWhat, text);
  std::uint64_t number = 0;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (!absl::SimpleAtoi(digits, &number) || number > (kMax >> shift)) {
    return NotA("a size below 2^63 bytes", text);
  }
  return number << shift;
}

std::string FormatByteSize(std::uint64_t bytes) {
  std::size_t suffix = 0;
  while (bytes != 0 && bytes % 1024 == 0 && suffix + 1 < kSuffixes.size()) {
    bytes /= 1024;
    ++suffix;
  }
  return absl::StrCat(bytes, suffix == 0 ? "" : kSuffixes.substr(suffix, 1));
}

absl::StatusOr<std::uint32_t> ParseCpu(absl::string_view text) {
  static constexpr absl::string_view kWhat =
      "a number of processors such as \"1.0\" or \"0.25\", with at most three "
      "digits after the point";
  const std::size_t point = text.find('.');
  const absl::string_view whole = text.substr(0, point);
  std::string fraction = "0";
  if (point != absl::string_view::npos) {
    fraction = std::string(text.substr(point + 1));
  }
  if (!IsDigits(whole) || whole.size() > 6 || !IsDigits(fraction) ||
      fraction.size() > 3) {
    return NotA(kWhat, text);
  }
  fraction.resize(3, '0');
  std::uint32_t units = 0;
  std::uint32_t millis = 0;
  if (!absl::SimpleAtoi(whole, &units) ||
      !absl::SimpleAtoi(fraction, &millis)) {
    return NotA(kWhat, text);
  }
  return units * 1000 + millis;
}

std::string HostPort::ToString() const {
  if (absl::StrContains(host, ':')) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

bool HostPort::IsLoopback() const {
  if (host == "localhost" || host == "::1") return true;
  return IsAddress(AF_INET, host) && absl::StartsWith(host, "127.");
}

absl::StatusOr<HostPort> ParseHostPort(absl::string_view text) {
  static constexpr absl::string_view kWhat =
      R"("host:port" or "[ipv6]:port" with a port from 0 to 65535)";
  const std::size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return NotA(kWhat, text);
  absl::string_view host = text.substr(0, colon);
  const absl::string_view port = text.substr(colon + 1);
  const bool bracketed =
      absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != absl::StrContains(host, ':') || !IsHostName(host)) {
    return NotA(kWhat, text);
  }
  int number = 0;
  if (!IsDigits(port) || port.size() > 5 || !absl::SimpleAtoi(port, &number) ||
      number > std::numeric_limits<std::uint16_t>::max()) {
    return NotA(kWhat, text);
  }
  return HostPort{std::string(host), static_cast<std::uint16_t>(number)};
}

bool IsHostName(absl::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  if (absl::StrContains(text, ':')) return IsAddress(AF_INET6, text);
  if (LooksLikeIpv4(text)) return IsAddress(AF_INET, text);
  const std::vector<std::string> labels = absl::StrSplit(text, '.');
  return std::all_of(labels.begin(), labels.end(), IsLabel);
}

bool IsPrincipalId(absl::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  const auto is_inner = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '.' ||
           c == '_' || c == '-';
  };
  return absl::ascii_isalnum(static_cast<unsigned char>(text.front())) &&
         std::all_of(text.begin(), text.end(), is_inner);
}

}  // namespace airlock
