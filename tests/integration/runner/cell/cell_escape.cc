// Tries one thing that a cell must not allow, and prints the name of the errno
// or "done".
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <string>

namespace {

int Ptrace(const std::string& /*argument*/) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const auto attached = ::ptrace(PTRACE_SEIZE, child, nullptr, nullptr);
  const int error = errno;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  errno = error;
  return static_cast<int>(attached);
}

int ConnectTcp(const std::string& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address));
}

// An abstract unix socket.
int ConnectAbstract(const std::string& name) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, sizeof(address.sun_path) - 1);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 +
                                          name.size()));
}

int Unshare(int flag) { return ::unshare(flag); }

// A child with a namespace of its own, made by the call that makes it.
int Clone(std::uint64_t flag) {
  const auto pid =
      ::syscall(SYS_clone, flag | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) ::_exit(0);
  return static_cast<int>(pid);
}

// "done" where it can be written to as far as the mount is concerned.
int IsWritable(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return -1;
  errno = EROFS;
  return (status.f_flag & ST_RDONLY) == 0 ? 0 : -1;
}

const std::map<std::string, std::function<int(const std::string&)>> kTries = {
    {"ptrace", Ptrace},
    {"tcp", ConnectTcp},
    {"abstract", ConnectAbstract},
    {"writable", IsWritable},
    {"unshare-user", [](const auto&) { return Unshare(CLONE_NEWUSER); }},
    {"clone-user", [](const auto&) { return Clone(CLONE_NEWUSER); }},
    {"clone-mount-user",
     [](const auto&) { return Clone(CLONE_NEWUSER | CLONE_NEWNS); }},
    {"mount",
     [](const std::string& path) {
       return ::mount("tmpfs", path.c_str(), "tmpfs", 0, nullptr);
     }},
    {"umount",
     [](const std::string& path) {
       return ::umount2(path.c_str(), MNT_DETACH);
     }},
    {"device",
     [](const std::string& path) {
       return ::mknod(path.c_str(), S_IFCHR | 0666, 0x103);
     }},
    {"keyring",
     [](const auto&) {
       return static_cast<int>(::syscall(SYS_keyctl, 0, -3, 0));
     }},
    {"memory-file", [](const auto&) {
       return static_cast<int>(::syscall(SYS_memfd_create, "x", 0));
     }}};

}  // namespace

int main(int argc, char** argv) {
  const auto found = argc < 2 ? kTries.end() : kTries.find(argv[1]);
  if (found == kTries.end()) {
    std::cerr << "nothing to try\n";
    return 2;
  }
  const int result = found->second(argc > 2 ? argv[2] : "");
  const int error = errno;
  std::cout << (result >= 0 ? "done" : ::strerrorname_np(error)) << "\n";
}
