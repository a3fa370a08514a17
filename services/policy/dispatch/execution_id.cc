#include "services/policy/dispatch/execution_id.h"

#include <algorithm>
#include <cstdint>

#include "common/security/random.h"

namespace airlock::policy {
namespace {

constexpr absl::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kTimeLength = 10;
constexpr std::size_t kRandomLength = 16;

}  // namespace

std::string NewExecutionId(absl::Time now) {
  std::string id(kTimeLength, '0');
  auto millis = static_cast<std::uint64_t>(absl::ToUnixMillis(now));
  for (auto digit = id.rbegin(); digit != id.rend(); ++digit) {
    *digit = kAlphabet[millis % 32];
    millis /= 32;
  }
  for (const char byte : RandomBytes(kRandomLength)) {
    id += kAlphabet[static_cast<unsigned char>(byte) % 32];
  }
  return id;
}

bool IsExecutionId(absl::string_view text) {
  return text.size() == kTimeLength + kRandomLength &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return kAlphabet.find(c) != absl::string_view::npos;
         });
}

}  // namespace airlock::policy
