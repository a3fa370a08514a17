#include "services/executor/backends/docker/engine_check.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "services/executor/backends/docker/json_read.h"

namespace airlock::executor {

absl::Status CheckEngineInfo(const nlohmann::json& info) {
  std::vector<std::string> missing;
  // Without these the engine drops the limit and says so only in a warning.
  const std::pair<const char*, const char*> limits[] = {
      {"MemoryLimit", "memory limits"},
      {"SwapLimit", "swap limits"},
      {"PidsLimit", "pids limits"},
      {"CpuCfsQuota", "cpu quotas"}};
  for (const auto& [field, what] : limits) {
    if (!BoolAt(info, {field})) missing.emplace_back(what);
  }
  const std::string driver = StringAt(info, {"CgroupDriver"});
  if (driver.empty() || driver == "none") missing.emplace_back("cgroups");
  const std::vector<std::string> options = StringsAt(info, {"SecurityOptions"});
  if (std::none_of(options.begin(), options.end(), [](const auto& option) {
        return absl::StartsWith(option, "name=seccomp");
      })) {
    missing.emplace_back("seccomp");
  }
  if (StringAt(info, {"OSType"}) != "linux") {
    missing.emplace_back("Linux containers");
  }
  if (missing.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   "ENGINE_CANNOT_ENFORCE",
                   absl::StrCat("the engine cannot enforce: ",
                                absl::StrJoin(missing, ", ")));
}

}  // namespace airlock::executor
