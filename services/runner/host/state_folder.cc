#include "services/runner/host/state_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/runner/runner_name.h"

namespace airlock::runner {
namespace {

// Of whoever looks why a host ended.
constexpr std::time_t kKeptSeconds = 3600;
// Of a folder that holds more, the rest is for the next time.
constexpr std::size_t kMaxEntries = 4096;
constexpr std::string_view kLock = ".lock";

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) return names;
  while (names.size() < kMaxEntries) {
    const dirent* entry = ::readdir(stream);
    if (entry == nullptr) break;
    names.emplace_back(&entry->d_name[0]);
  }
  ::closedir(stream);
  return names;
}

// 0: there is no such file.
std::time_t WrittenAt(const std::string& path) {
  struct stat status {};
  const bool is_file =
      ::lstat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
  return is_file ? status.st_mtime : 0;
}

void SweepDoor(const DoorPath& path) {
  const std::time_t latest =
      std::max({WrittenAt(path.lock()), WrittenAt(path.log()),
                WrittenAt(path.socket())});
  if (std::time(nullptr) - latest < kKeptSeconds) return;
  const UniqueFd lock = LockDoor(path);
  if (!lock.valid()) return;
  ::unlink(path.socket().c_str());
  ::unlink(path.log().c_str());
  // Last: from then on another one may have the place.
  ::unlink(path.lock().c_str());
}

void SweepRunner(const std::string& path) {
  const UniqueFd file(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid() || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;
  ::unlink(path.c_str());
}

void SweepRunners(const std::string& folder,
                  const std::vector<std::string>& names) {
  std::string own = OwnProgram();
  own.erase(0, own.rfind('/') + 1);
  std::vector<std::pair<std::time_t, std::string>> others;
  for (const std::string& name : names) {
    if (!IsRunnerName(name) || name == own) continue;
    const std::string path = folder + "/" + name;
    others.emplace_back(WrittenAt(path), path);
  }
  std::sort(others.rbegin(), others.rend());
  for (std::size_t i = kSpareRunners; i < others.size(); ++i) {
    SweepRunner(others[i].second);
  }
}

}  // namespace

UniqueFd HoldProgram() {
  UniqueFd program(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!program.valid() || ::flock(program.get(), LOCK_SH | LOCK_NB) != 0) {
    return {};
  }
  ::futimens(program.get(), nullptr);
  return program;
}

void SweepFolder(const DoorPath& own) {
  const std::vector<std::string> names = NamesIn(own.folder);
  for (const std::string& name : names) {
    if (name.size() <= kLock.size() ||
        name.compare(name.size() - kLock.size(), kLock.size(), kLock) != 0) {
      continue;
    }
    const DoorPath other{own.folder,
                         name.substr(0, name.size() - kLock.size())};
    if (other.executor == own.executor || !other.Problem().empty()) continue;
    SweepDoor(other);
  }
  SweepRunners(own.folder, names);
}

void RemoveDoor(const DoorPath& path) {
  ::unlink(path.socket().c_str());
  struct stat log {};
  if (::lstat(path.log().c_str(), &log) == 0 && log.st_size > 0) return;
  ::unlink(path.log().c_str());
  // Last: from then on another one may have the place.
  ::unlink(path.lock().c_str());
}

}  // namespace airlock::runner
