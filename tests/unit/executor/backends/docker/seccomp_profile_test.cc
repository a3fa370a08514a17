#include "services/executor/backends/docker/seccomp_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "nlohmann/json.hpp"

namespace airlock::executor {
namespace {

using nlohmann::json;

TEST(SeccompProfileTest, RefusesWhatItDoesNotName) {
  const json profile = json::parse(SeccompProfile());

  EXPECT_EQ(profile["defaultAction"], "SCMP_ACT_ERRNO");
  EXPECT_EQ(SeccompProfile().find('\n'), std::string::npos);
}

TEST(SeccompProfileTest, AllowsNothingDangerousWithoutConditions) {
  const std::set<std::string> dangerous = {"add_key",
                                           "bpf",
                                           "chroot",
                                           "clone",
                                           "clone3",
                                           "execveat",
                                           "fanotify_init",
                                           "finit_module",
                                           "init_module",
                                           "io_setup",
                                           "io_uring_enter",
                                           "io_uring_register",
                                           "io_uring_setup",
                                           "kcmp",
                                           "kexec_load",
                                           "keyctl",
                                           "mbind",
                                           "memfd_create",
                                           "memfd_secret",
                                           "mknod",
                                           "mknodat",
                                           "mount",
                                           "move_mount",
                                           "name_to_handle_at",
                                           "open_by_handle_at",
                                           "open_tree",
                                           "perf_event_open",
                                           "personality",
                                           "pidfd_getfd",
                                           "pivot_root",
                                           "process_madvise",
                                           "process_vm_readv",
                                           "process_vm_writev",
                                           "ptrace",
                                           "reboot",
                                           "request_key",
                                           "setns",
                                           "socket",
                                           "socketpair",
                                           "swapon",
                                           "sync",
                                           "syslog",
                                           "umount2",
                                           "unshare",
                                           "userfaultfd",
                                           "vmsplice"};
  const json profile = json::parse(SeccompProfile());
  for (const json& entry : profile["syscalls"]) {
    if (entry["action"] != "SCMP_ACT_ALLOW" || entry.contains("args")) continue;
    for (const json& name : entry["names"]) {
      EXPECT_FALSE(dangerous.contains(name.get<std::string>())) << name;
    }
  }
}

}  // namespace
}  // namespace airlock::executor
