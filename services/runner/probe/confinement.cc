// Who this process is and what it may.
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "services/runner/probe/fact.h"
#include "services/runner/probe/probe.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

constexpr int kConnectWaitMs = 300;

std::string Join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined.push_back(',');
    joined.append(word);
  }
  return joined.empty() ? "none" : joined;
}

// The value behind "Name:" in /proc/self/status; "unknown" if there is none.
std::string StatusValue(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == name + ":") {
      status >> word;
      return word;
    }
  }
  return "unknown";
}

void ProbeUser() {
  uid_t uid = 0;
  uid_t effective_uid = 0;
  uid_t saved_uid = 0;
  ::getresuid(&uid, &effective_uid, &saved_uid);
  gid_t gid = 0;
  gid_t effective_gid = 0;
  gid_t saved_gid = 0;
  ::getresgid(&gid, &effective_gid, &saved_gid);
  std::array<gid_t, 64> groups{};
  const int count = ::getgroups(groups.size(), groups.data());
  std::vector<std::string> others;
  for (int i = 0; i < count; ++i) {
    if (groups.at(i) != gid) others.push_back(std::to_string(groups.at(i)));
  }
  if (count < 0) others.emplace_back("unknown");
  Fact("user")
      .Add("uid", uid)
      .Add("effective_uid", effective_uid)
      .Add("saved_uid", saved_uid)
      .Add("gid", gid)
      .Add("effective_gid", effective_gid)
      .Add("saved_gid", saved_gid)
      .Add("other_groups", Join(others))
      .Tell();
}

void ProbePrivileges() {
  Fact("capabilities")
      .Add("inheritable", StatusValue("CapInh"))
      .Add("permitted", StatusValue("CapPrm"))
      .Add("effective", StatusValue("CapEff"))
      .Add("bounding", StatusValue("CapBnd"))
      .Add("ambient", StatusValue("CapAmb"))
      .Tell();
  Fact("privileges").Add("no_new", StatusValue("NoNewPrivs")).Tell();
}

// The errno of making a user namespace, in a child: it would change us.
int TryUserNamespace() {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  // A filter may kill as well.
  return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

void ProbeSeccomp() {
  Fact("seccomp")
      .Add("mode", StatusValue("Seccomp"))
      .AddError("user_namespace", TryUserNamespace())
      .Tell();
}

void ProbeRoot() {
  struct statvfs root {};
  const bool known = ::statvfs("/", &root) == 0;
  constexpr const char* kFile = "/.airlock-probe";
  const UniqueFd file(::open(kFile, O_WRONLY | O_CREAT | O_EXCL, 0600));
  const int error = file.valid() ? 0 : errno;
  if (file.valid()) ::unlink(kFile);
  Fact("root")
      .Add("read_only", known && (root.f_flag & ST_RDONLY) != 0 ? "1" : "0")
      .AddError("write", error)
      .Tell();
}

// Interfaces that are up, besides the loopback.
std::vector<std::string> InterfacesUp(int socket) {
  std::vector<std::string> up;
  std::ifstream devices("/proc/self/net/dev");
  std::string line;
  bool any = false;
  while (std::getline(devices, line)) {
    const std::size_t colon = line.find(':');
    const std::size_t begin = line.find_first_not_of(' ');
    if (colon == std::string::npos || begin >= colon) continue;
    any = true;
    const std::string name = line.substr(begin, colon - begin);
    ifreq request{};
    name.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
    // What cannot be asked counts as up.
    const bool known = ::ioctl(socket, SIOCGIFFLAGS, &request) == 0;
    const unsigned flags = static_cast<std::uint16_t>(request.ifr_flags);
    if (known && ((flags & IFF_UP) == 0 || (flags & IFF_LOOPBACK) != 0)) {
      continue;
    }
    up.push_back(name);
  }
  if (!any) up.emplace_back("unknown");
  return up;
}

// The errno of connecting to an address that is nobody's (RFC 5737).
int TryConnect(int socket) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  ::inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) == 0) {
    return 0;
  }
  if (errno != EINPROGRESS) return errno;
  pollfd ready{socket, POLLOUT, 0};
  if (::poll(&ready, 1, kConnectWaitMs) <= 0) return EINPROGRESS;
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

void ProbeNetwork() {
  const UniqueFd socket(
      ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  Fact fact("network");
  fact.Add("up", Join(InterfacesUp(socket.get())));
  fact.AddError("connect", socket.valid() ? TryConnect(socket.get()) : errno);
  fact.Tell();
}

}  // namespace

void ProbeConfinement() {
  ProbeUser();
  ProbePrivileges();
  ProbeSeccomp();
  ProbeRoot();
  ProbeNetwork();
}

}  // namespace airlock::runner
