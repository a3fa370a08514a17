#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <set>
#include <string>

#include "services/runner/files/directory_stream.h"
#include "services/runner/manifest/lines.h"

namespace airlock::runner {
namespace {

constexpr std::size_t kReadBytes = 1024;
constexpr std::size_t kShownBytes = 200;

std::string ReadStart(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, kReadBytes> buffer{};
  const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
  if (size <= 0) return "";
  return {buffer.data(), static_cast<std::size_t>(size)};
}

// "pid (name) state parent ...": the name can hold anything.
std::string ParentOf(const std::string& pid) {
  const std::string stat = ReadStart("/proc/" + pid + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 4 > stat.size()) return "";
  const std::size_t begin = name_end + 4;
  return stat.substr(begin, stat.find(' ', begin) - begin);
}

std::set<std::string> OwnLine() {
  std::set<std::string> line;
  for (std::string pid = std::to_string(::getpid());
       !pid.empty() && pid != "0" && line.insert(pid).second;) {
    pid = ParentOf(pid);
  }
  return line;
}

bool IsSameProgram(const std::string& process) {
  struct stat ours {};
  struct stat theirs {};
  return ::stat("/proc/self/exe", &ours) == 0 &&
         ::stat((process + "/exe").c_str(), &theirs) == 0 &&
         ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

// A process that may not be traced belongs to root in /proc, so its status is
// read.
bool IsOurAccount(const std::string& status) {
  const std::size_t at = status.find("\nUid:\t");
  return at != std::string::npos &&
         std::strtoul(status.c_str() + at + 6, nullptr, 10) == ::getuid();
}

// Nobody has asked yet how it ended.
bool IsOver(const std::string& status) {
  return status.find("\nState:\tZ") != std::string::npos;
}

}  // namespace

void AddProcesses(ManifestLines& lines) {
  const std::set<std::string> own = OwnLine();
  DirectoryStream processes(
      UniqueFd(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  std::string pid;
  int error = 0;
  while (processes.valid() && processes.Next(pid, error)) {
    if (pid.find_first_not_of("0123456789") != std::string::npos ||
        own.contains(pid)) {
      continue;
    }
    const std::string process = "/proc/" + pid;
    const std::string status = ReadStart(process + "/status");
    if (!IsOurAccount(status) || IsOver(status) || IsSameProgram(process)) {
      continue;
    }
    std::string words = ReadStart(process + "/cmdline");
    while (!words.empty() && words.back() == '\0') words.pop_back();
    for (char& letter : words) {
      if (letter == '\0') letter = '_';
    }
    // "Name:\tprogram\n..."
    const std::string name = status.substr(6, status.find('\n') - 6);
    lines.Add("process " + PlainText(name, kShownBytes) +
              " command=" + PlainText(words, kShownBytes));
  }
}

}  // namespace airlock::runner
