#include "services/runner/cell/cell_proc.h"

#include <sys/mount.h>
#include <unistd.h>

#include <array>

#include "services/runner/cell/cell_mounts.h"
#include "services/runner/cell/cell_step.h"

namespace airlock::runner {
namespace {

// About the whole machine: memory, keys, what others do.
constexpr std::array kCovered = {"/acpi",        "/asound", "/interrupts",
                                 "/kcore",       "/keys",   "/latency_stats",
                                 "/sched_debug", "/scsi",   "/timer_list",
                                 "/timer_stats"};
constexpr std::array kFrozen = {"/bus", "/fs", "/irq", "/sys",
                                "/sysrq-trigger"};

// One of the numbers of a user namespace that bound what its users have
// together. A lower bound of the host stays.
struct UserLimit {
  const char* name;
  const char* most;
};

// The counters of a namespace add to those of the host's user, which all its
// cells share: one of them must not use them up.
constexpr std::array kUserLimits = {UserLimit{"max_cgroup_namespaces", "0"},
                                    UserLimit{"max_ipc_namespaces", "0"},
                                    UserLimit{"max_mnt_namespaces", "0"},
                                    UserLimit{"max_net_namespaces", "0"},
                                    UserLimit{"max_pid_namespaces", "0"},
                                    UserLimit{"max_time_namespaces", "0"},
                                    UserLimit{"max_user_namespaces", "0"},
                                    UserLimit{"max_uts_namespaces", "0"},
                                    UserLimit{"max_fanotify_groups", "0"},
                                    UserLimit{"max_inotify_instances", "32"},
                                    UserLimit{"max_inotify_watches", "8192"}};

// In the caller's user namespace, whichever /proc it is read in.
void BoundUser(const std::string& proc) {
  for (const UserLimit& limit : kUserLimits) {
    const std::string path = proc + "/sys/user/" + limit.name;
    // Not every kernel has each.
    if (::access(path.c_str(), F_OK) != 0) continue;
    WriteKernelFile(path, limit.most);
  }
}

}  // namespace

void MountProc(const std::string& proc) {
  MakeFolders(proc);
  CheckStep(::mount("proc", proc.c_str(), "proc",
                    MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr),
            "cannot mount /proc",
            "a host whose own /proc is not covered in parts, as it is in a "
            "container, would do");
  BoundUser(proc);
  for (const char* name : kCovered) Cover(proc + name);
  for (const char* name : kFrozen) {
    if (::access((proc + name).c_str(), F_OK) != 0) continue;
    ShowReadOnly(proc + name, proc + name);
  }
}

}  // namespace airlock::runner
