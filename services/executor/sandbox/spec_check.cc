#include "services/executor/sandbox/spec_check.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace airlock::executor {
namespace {

// More than any machine has, and far from every overflow.
constexpr std::uint64_t kMaxLimit = std::uint64_t{1} << 50U;

// "uid:gid" of two numbers above 0.
bool IsNumericUser(absl::string_view user) {
  const std::vector<absl::string_view> parts = absl::StrSplit(user, ':');
  if (parts.size() != 2) return false;
  return std::all_of(parts.begin(), parts.end(), [](absl::string_view part) {
    std::uint32_t id = 0;
    return absl::SimpleAtoi(part, &id) && id > 0 && id < 0x7fffffff &&
           absl::StrCat(id) == part;
  });
}

}  // namespace

void CheckSandboxSpec(const SandboxSpec& spec, FieldViolations& violations) {
  const std::pair<const char*, std::uint64_t> limits[] = {
      {"spec.memory_bytes", spec.memory_bytes},
      {"spec.cpu_millis", spec.cpu_millis},
      {"spec.pids", spec.pids},
      {"spec.workspace_bytes", spec.workspace_bytes},
      {"spec.tmp_bytes", spec.tmp_bytes},
      {"spec.inodes", spec.inodes}};
  for (const auto& [field, value] : limits) {
    if (value > 0 && value <= kMaxLimit) continue;
    violations.Add(
        field, absl::StrCat("must be in [1, ", kMaxLimit, "]: got ", value));
  }
  if (spec.network_mode != "none" && spec.network_mode != "bridge") {
    violations.Add("spec.network_mode",
                   absl::StrCat("must be \"none\" or \"bridge\": got \"",
                                spec.network_mode, "\""));
  }
  if (!IsNumericUser(spec.user)) {
    violations.Add("spec.user",
                   absl::StrCat("must be numeric \"uid:gid\", neither of them "
                                "0: got \"",
                                spec.user, "\""));
  }
}

}  // namespace airlock::executor
