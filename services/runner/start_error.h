// Why a process was not started.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace airlock::runner {

// The words of airlock.runner.v1.Ended.reason.
inline constexpr std::string_view kCommandNotFound = "COMMAND_NOT_FOUND";
inline constexpr std::string_view kCommandNotExecutable =
    "COMMAND_NOT_EXECUTABLE";
inline constexpr std::string_view kBadCwd = "BAD_CWD";
inline constexpr std::string_view kBadFile = "BAD_FILE";
inline constexpr std::string_view kDiskFull = "DISK_FULL";
inline constexpr std::string_view kStartFailed = "START_FAILED";

// All of them.
inline constexpr std::array kStartReasons = {
    kCommandNotFound, kCommandNotExecutable, kBadCwd, kBadFile,
    kDiskFull,        kStartFailed};

// Empty `reason`: nothing is wrong.
struct StartError {
  // One of the words above.
  std::string_view reason;
  // One sentence for a human.
  std::string message;

  bool ok() const { return reason.empty(); }
};

}  // namespace airlock::runner
