// Why a process was not started.
#pragma once

#include <string>

namespace airlock::runner {

// The words of airlock.runner.v1.Ended.reason.
inline constexpr char kCommandNotFound[] = "COMMAND_NOT_FOUND";
inline constexpr char kCommandNotExecutable[] = "COMMAND_NOT_EXECUTABLE";
inline constexpr char kBadCwd[] = "BAD_CWD";
inline constexpr char kBadFile[] = "BAD_FILE";
inline constexpr char kDiskFull[] = "DISK_FULL";
inline constexpr char kStartFailed[] = "START_FAILED";

// Empty `reason`: nothing is wrong.
struct StartError {
  std::string reason;
  // One sentence for a human.
  std::string message;

  bool ok() const { return reason.empty(); }
};

}  // namespace airlock::runner
