// System calls our list closes, called from inside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "tests/contract/sandbox_backend/docker_fixture.h"

namespace airlock {
namespace {

using DockerSeccompTest = DockerTest;

constexpr char kPrelude[] =
    "import ctypes, errno, socket, os\n"
    "libc = ctypes.CDLL(None, use_errno=True)\n"
    "def call(name, *args):\n"
    "  r = libc.syscall(*[ctypes.c_long(a) for a in args])\n"
    "  print(name, 'worked' if r >= 0 else "
    "errno.errorcode[ctypes.get_errno()])\n"
    "def sock(name, family, kind, protocol=0):\n"
    "  try: socket.socket(family, kind, protocol).close(); r = 'worked'\n"
    "  except OSError as e: r = errno.errorcode[e.errno]\n"
    "  print(name, r)\n";

#if defined(__x86_64__)
TEST_F(DockerSeccompTest, DangerousSystemCallsAreClosed) {
  const Finished tried =
      Python(std::string(kPrelude) +
             "call('io_uring_setup', 425, 1, 0)\n"
             "call('memfd_create', 319, 0, 0)\n"
             "call('clone3', 435, 0, 0)\n"
             "call('ptrace', 101, 0, 0, 0, 0)\n"
             "call('unshare', 272, 0x10000000)\n"
             "call('setns', 308, 0, 0)\n"
             "call('mount', 165, 0, 0, 0, 0, 0)\n"
             "call('umount2', 166, 0, 0)\n"
             "call('pivot_root', 155, 0, 0)\n"
             "call('bpf', 321, 0, 0, 0)\n"
             "call('perf_event_open', 298, 0, 0, 0, 0, 0)\n"
             "call('userfaultfd', 323, 0)\n"
             "call('keyctl', 250, 0, 0)\n"
             "call('add_key', 248, 0, 0, 0, 0, 0)\n"
             "call('process_vm_readv', 310, 1, 0, 0, 0, 0, 0)\n"
             "call('kexec_load', 246, 0, 0, 0, 0)\n"
             "call('init_module', 175, 0, 0, 0)\n"
             "call('open_by_handle_at', 304, 0, 0, 0)\n"
             "call('personality', 135, 0x0040000)\n"
             "call('clone_newuser', 56, 0x10000000, 0)\n"
             "call('io_setup', 206, 1, 0)\n"
             "call('memfd_secret', 447, 0)\n"
             "call('pidfd_getfd', 438, 0, 0, 0)\n"
             "call('syslog', 103, 3, 0, 0)\n");

  EXPECT_EQ(tried.out,
            "io_uring_setup ENOSYS\nmemfd_create ENOSYS\nclone3 ENOSYS\n"
            "ptrace EPERM\nunshare EPERM\nsetns EPERM\nmount EPERM\n"
            "umount2 EPERM\npivot_root EPERM\nbpf EPERM\n"
            "perf_event_open EPERM\nuserfaultfd EPERM\nkeyctl EPERM\n"
            "add_key EPERM\nprocess_vm_readv EPERM\nkexec_load EPERM\n"
            "init_module EPERM\nopen_by_handle_at EPERM\npersonality EPERM\n"
            "clone_newuser EPERM\nio_setup EPERM\nmemfd_secret ENOSYS\n"
            "pidfd_getfd EPERM\nsyslog EPERM\n")
      << tried.err;
}

TEST_F(DockerSeccompTest, CallsOfOtherArchitecturesEndTheProcess) {
  // The x32 number of getpid.
  const Finished tried =
      Python(std::string(kPrelude) +
             "print('before', flush=True)\ncall('x32', 0x40000000 + 39)\n");

  EXPECT_EQ(tried.out, "before\n");
  EXPECT_EQ(tried.end.ended_by, executor::EndedBy::kSignaled);
  EXPECT_EQ(tried.end.signal, SIGSYS);
}
#endif

TEST_F(DockerSeccompTest, OnlyOrdinarySocketsCanBeMade) {
  const Finished tried =
      Python(std::string(kPrelude) +
             "sock('unix', socket.AF_UNIX, socket.SOCK_STREAM)\n"
             "sock('inet', socket.AF_INET, socket.SOCK_STREAM)\n"
             "sock('inet6', socket.AF_INET6, socket.SOCK_DGRAM)\n"
             "sock('route', socket.AF_NETLINK, socket.SOCK_RAW, 0)\n"
             "sock('audit', socket.AF_NETLINK, socket.SOCK_RAW, 9)\n"
             "sock('netfilter', socket.AF_NETLINK, socket.SOCK_RAW, 12)\n"
             "sock('crypto', socket.AF_NETLINK, socket.SOCK_RAW, 21)\n"
             "sock('vsock', 40, socket.SOCK_STREAM)\n"
             "sock('alg', 38, socket.SOCK_SEQPACKET)\n"
             "sock('packet', 17, socket.SOCK_RAW)\n"
             "sock('raw', socket.AF_INET, socket.SOCK_RAW, 1)\n"
             "sock('bluetooth', 31, socket.SOCK_RAW)\n"
             "sock('rds', 21, socket.SOCK_SEQPACKET)\n");

  EXPECT_EQ(tried.out,
            "unix worked\ninet worked\ninet6 worked\nroute worked\n"
            "audit EPERM\nnetfilter EPERM\ncrypto EPERM\nvsock EPERM\n"
            "alg EPERM\npacket EPERM\nraw EPERM\nbluetooth EPERM\n"
            "rds EPERM\n")
      << tried.err;
}

}  // namespace
}  // namespace airlock
