#include "common/security/sortable_id.h"

#include <algorithm>
#include <cstdint>

#include "common/security/random.h"

namespace airlock {
namespace {

constexpr absl::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kTimeLength = 10;
constexpr std::size_t kRandomLength = 16;

// As far as the digits go: some years after 37000.
constexpr std::int64_t kMaxMillis = (std::int64_t{1} << 50) - 1;

}  // namespace

std::string SortableIdFloor(absl::Time time) {
  std::string digits(kTimeLength, '0');
  auto millis = static_cast<std::uint64_t>(
      std::clamp<std::int64_t>(absl::ToUnixMillis(time), 0, kMaxMillis));
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    *digit = kAlphabet[millis % 32];
    millis /= 32;
  }
  return digits;
}

std::string NewSortableId(absl::Time now) {
  std::string id = SortableIdFloor(now);
  for (const char byte : RandomBytes(kRandomLength)) {
    id += kAlphabet[static_cast<unsigned char>(byte) % 32];
  }
  return id;
}

bool IsSortableId(absl::string_view text) {
  return text.size() == kTimeLength + kRandomLength &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return kAlphabet.find(c) != absl::string_view::npos;
         });
}

}  // namespace airlock
