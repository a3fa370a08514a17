#include "tests/contract/sandbox_backend/real_programs.h"

#include "tests/contract/sandbox_backend/programs.h"

namespace airlock {
namespace {

// Waits until the background is what will be counted: a process is still its
// shell after the fork, and nothing at all for a moment when it becomes another
// program.
const std::string kBackground =
    "setsid sleep 987 & "
    "until [ \"$(tr '\\0' ' ' </proc/$!/cmdline)\" = 'sleep 987 ' ]; do :; "
    "done; ";

}  // namespace

BackendUnderTest WithRealPrograms() {
  BackendUnderTest backend;
  backend.write_bytes = [](std::uint64_t bytes) {
    return TestProcess({"head", "-c", std::to_string(bytes), "/dev/zero"});
  };
  backend.complain = [](const std::string& word) {
    return ShellLine("echo " + word + " >&2");
  };
  backend.ignore_sigterm = [] {
    return ShellLine("trap '' TERM; while :; do sleep 1; done");
  };
  backend.leave_behind = [] { return ShellLine(kBackground + "exit 0"); };
  backend.start_daemon = [] {
    return ShellLine("(" + kBackground + "); echo up; exec sleep 600");
  };
  backend.count_background = [] {
    return ShellLine(
        "for file in /proc/[0-9]*/cmdline; do"
        "  tr '\\0' ' ' <$file; echo; "
        "done | grep -cx 'sleep 987 '");
  };
  return backend;
}

}  // namespace airlock
