#include "services/runner/runner_name.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace airlock::runner {
namespace {

constexpr std::string_view kPrefix = "airlock-runner-";
constexpr std::size_t kHashLetters = 64;

}  // namespace

bool IsRunnerName(std::string_view name) {
  if (name.substr(0, kPrefix.size()) != kPrefix) return false;
  name.remove_prefix(kPrefix.size());
  return name.size() == kHashLetters &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string OwnProgram() {
  std::array<char, 4096> path{};
  const ssize_t size =
      ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  return {path.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

}  // namespace airlock::runner
