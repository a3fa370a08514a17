// What a cell's files are shown with.
#include "services/runner/cell/cell_mounts.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <iostream>

#include "tests/integration/runner/cell/cell_fixture.h"

namespace airlock::runner {
namespace {

// As an ordinary user in namespaces of its own. 0: it is shown read-only.
int ShowInNamespaces(const char* file) {
  if (::setresuid(kHostUser, kHostUser, kHostUser) != 0 ||
      ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return 2;
  }
  try {
    ShowReadOnly(file, file);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}

// Such as /proc/sysrq-trigger, which not every kernel has.
TEST(CellMountsTest, FileThatIsThereNeedNotBeOurs) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(ShowInNamespaces("/proc/version"));

  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);

  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace airlock::runner
