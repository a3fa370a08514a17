#include "services/executor/backends/docker/tar_file.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_format.h"

namespace airlock::executor {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSizeBytes = 12;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kTypeAt = 156;

using Header = std::array<char, kBlock>;

void Put(Header& header, std::size_t at, absl::string_view text) {
  std::copy(text.begin(), text.end(),
            header.begin() + static_cast<std::ptrdiff_t>(at));
}

std::size_t Padded(std::size_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

// Octal digits, perhaps with blanks around.
std::optional<std::size_t> ReadSize(absl::string_view field) {
  std::size_t size = 0;
  bool any = false;
  for (const char c : field) {
    if (c == ' ' || c == '\0') {
      if (any) break;
      continue;
    }
    if (c < '0' || c > '7') return std::nullopt;
    size = size * 8 + static_cast<std::size_t>(c - '0');
    any = true;
  }
  if (!any) return std::nullopt;
  return size;
}

}  // namespace

std::string MakeTar(absl::string_view name, absl::string_view content) {
  Header header{};
  Put(header, 0, name);
  Put(header, 100, "0000555");
  Put(header, 108, "0000000");
  Put(header, 116, "0000000");
  Put(header, kSizeAt, absl::StrFormat("%011o", content.size()));
  Put(header, 136, "00000000000");
  Put(header, kChecksumAt, "        ");
  header[kTypeAt] = '0';
  Put(header, 257, absl::string_view("ustar\00000", 8));
  std::uint32_t checksum = 0;
  for (const char c : header) checksum += static_cast<unsigned char>(c);
  Put(header, kChecksumAt, absl::StrFormat("%06o", checksum));
  header[kChecksumAt + 6] = '\0';

  std::string tar(header.begin(), header.end());
  tar.append(content.data(), content.size());
  // The end: two blocks of zeros.
  tar.resize(kBlock + Padded(content.size()) + 2 * kBlock);
  return tar;
}

std::optional<absl::string_view> ReadTar(absl::string_view tar) {
  if (tar.size() < kBlock) return std::nullopt;
  if (tar[kTypeAt] != '0' && tar[kTypeAt] != '\0') return std::nullopt;
  const std::optional<std::size_t> size =
      ReadSize(tar.substr(kSizeAt, kSizeBytes));
  if (!size.has_value() || *size > tar.size() - kBlock) return std::nullopt;
  const absl::string_view rest =
      tar.substr(std::min(tar.size(), kBlock + Padded(*size)));
  if (rest.find_first_not_of('\0') != absl::string_view::npos) {
    return std::nullopt;
  }
  return tar.substr(kBlock, *size);
}

}  // namespace airlock::executor
