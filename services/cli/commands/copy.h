// `airlock files cp`: from two paths to what is copied where.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/cli/workspace/file_actions.h"
#include "services/cli/workspace/remote_path.h"
#include "services/cli/workspace/transfer.h"

namespace airlock::cli {

// Stands for standard input or output.
inline constexpr char kStandardStream[] = "-";

// What is copied. Both paths are complete: names are added where one of them
// was a directory to copy into.
struct CopyPlan {
  enum class Direction { kUpload, kDownload };

  Direction direction = Direction::kUpload;
  RemotePath remote;
  // Or kStandardStream.
  std::string local;
  bool recursive = false;
};

// "SESSION:PATH" with a PATH of UTF-8. kInvalidArgument: it is something else.
absl::StatusOr<RemotePath> RequireRemotePath(const std::string& text);

// Looks at what is there on this machine. kInvalidArgument: not exactly one of
// them is in a session, or there is no name for a file.
absl::StatusOr<CopyPlan> PlanCopy(const std::string& from,
                                  const std::string& to, bool recursive);

// Copies; `copied` counts on the way.
absl::Status CarryOut(const CopyPlan& plan, FileActions& actions,
                      Copied& copied);

}  // namespace airlock::cli
