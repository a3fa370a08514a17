#include "services/runner/cell/shortfall.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace airlock::runner {
namespace {

// The errno of making namespaces and of using what they give; 0: both work.
// Some hosts let everybody make them, and then give no rights in them.
int TryNamespaces() {
  const auto pid = static_cast<pid_t>(
      ::syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, nullptr,
                nullptr, nullptr, nullptr));
  if (pid < 0) return errno;
  if (pid == 0) {
    const int failed =
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    ::_exit(failed == 0 ? 0 : errno);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

// Numbers of groups beyond the first, with commas; "" if there are none.
std::string FurtherGroups() {
  std::array<gid_t, 1024> groups{};
  const int count = ::getgroups(groups.size(), groups.data());
  if (count < 0) return "more than can be listed";
  std::string further;
  for (int i = 0; i < count; ++i) {
    const gid_t group = groups.at(static_cast<std::size_t>(i));
    if (group == ::getegid()) continue;
    if (!further.empty()) further.append(", ");
    further.append(std::to_string(group));
  }
  return further;
}

}  // namespace

std::vector<Shortfall> FindHostShortfalls() {
  std::vector<Shortfall> shortfalls;
  if (const int error = TryNamespaces(); error != 0) {
    shortfalls.push_back(
        {"namespaces",
         std::string("this user cannot make namespaces: ") +
             std::strerror(error) +
             "; sysctl kernel.unprivileged_userns_clone=1, "
             "kernel.apparmor_restrict_unprivileged_userns=0 or a higher "
             "user.max_user_namespaces, whichever the host has, would do"});
  }
  if (const std::string groups = FurtherGroups(); !groups.empty()) {
    shortfalls.push_back(
        {"groups",
         "this user is in further groups, which a cell cannot give up: " +
             groups + "; an account with no group but its own would do"});
  }
  return shortfalls;
}

}  // namespace airlock::runner
