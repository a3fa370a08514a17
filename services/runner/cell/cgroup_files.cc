#include "services/runner/cell/cgroup_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "services/runner/unique_fd.h"

namespace airlock::runner {

std::string ReadCgroupFile(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> buffer;
  while (file.valid()) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

int WriteCgroupFile(const std::string& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return errno;
  return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

std::vector<pid_t> ReadProcesses(const std::string& folder) {
  std::vector<pid_t> processes;
  for (const std::string& word :
       Split(ReadCgroupFile(folder + "/cgroup.procs"), '\n')) {
    pid_t pid = 0;
    std::from_chars(word.data(), word.data() + word.size(), pid);
    // 0 stands for those of other pid namespaces.
    if (pid > 0) processes.push_back(pid);
  }
  return processes;
}

bool IsOurs(const std::string& folder) {
  return ::access(folder.c_str(), W_OK | X_OK) == 0 &&
         ::access((folder + "/cgroup.procs").c_str(), W_OK) == 0;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace airlock::runner
