#include "services/policy/engine/file_limits.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/config/problems.h"
#include "services/policy/engine/action_limits.h"
#include "services/policy/engine/action_paths.h"
#include "services/policy/engine/process_limits.h"

namespace airlock::policy {
namespace {

using airlock::v1::Action;
using airlock::v1::FileWrite;

void CheckPath(const std::string& path, const std::string& field,
               FieldViolations& violations) {
  const absl::StatusOr<std::string> relative = RelativeToWorkspace(path);
  if (!relative.ok()) violations.Add(field, relative.status().message());
}

// As CheckPath, and not the workspace itself.
void CheckInnerPath(const std::string& path, const std::string& field,
                    FieldViolations& violations) {
  const absl::StatusOr<std::string> relative = RelativeToWorkspace(path);
  if (!relative.ok()) {
    violations.Add(field, relative.status().message());
  } else if (*relative == ".") {
    violations.Add(field,
                   absl::StrCat("must name something in the workspace, not the "
                                "workspace itself: got ",
                                QuoteForMessage(path)));
  }
}

void CheckWrite(const FileWrite& write, FieldViolations& violations) {
  CheckInnerPath(write.path(), "action.file_write.path", violations);
  CheckMode(write.mode(), "action.file_write.mode", violations);
  if (write.content().size() > kMaxFilesBytes) {
    violations.Add("action.file_write.content",
                   absl::StrCat("must be at most ", kMaxFilesBytes,
                                " bytes; more is appended by further actions: "
                                "got ",
                                write.content().size()));
  }
  if (!FileWrite::Existing_IsValid(write.existing())) {
    violations.Add("action.file_write.existing",
                   absl::StrCat("must be EXISTING_OVERWRITE, EXISTING_REFUSE "
                                "or EXISTING_APPEND: got ",
                                static_cast<int>(write.existing())));
  }
}

}  // namespace

bool IsFileAction(const Action& action) {
  return action.has_file_read() || action.has_file_list() ||
         action.has_file_write() || action.has_file_delete();
}

void CheckFileAction(const Action& action, FieldViolations& violations) {
  if (action.has_file_read()) {
    CheckPath(action.file_read().path(), "action.file_read.path", violations);
  } else if (action.has_file_list()) {
    // Unset: the workspace.
    if (action.file_list().path().empty()) return;
    CheckPath(action.file_list().path(), "action.file_list.path", violations);
  } else if (action.has_file_write()) {
    CheckWrite(action.file_write(), violations);
  } else if (action.has_file_delete()) {
    CheckInnerPath(action.file_delete().path(), "action.file_delete.path",
                   violations);
  }
}

}  // namespace airlock::policy
