#include "common/security/reloaded_file.h"

#include "absl/strings/str_cat.h"
#include "common/logging/log.h"

namespace airlock {

void LogReload(absl::string_view what, absl::string_view path,
               const absl::Status& status) {
  if (status.ok()) {
    LogInfo(absl::StrCat(what, " read again"), {{"path", path}});
  } else {
    LogWarning(absl::StrCat(what, " not read again, the old one stays"),
               {{"error", status}});
  }
}

}  // namespace airlock
