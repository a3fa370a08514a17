#include "services/runner/files/list_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string>
#include <vector>

#include "services/runner/files/beneath.h"
#include "services/runner/files/copy.h"
#include "services/runner/files/directory_stream.h"
#include "services/runner/files/entry_line.h"

namespace airlock::runner {
namespace {

constexpr std::size_t kWriteBytes = 64 << 10;

FileError ReadNames(DirectoryStream& directory, const std::string& path,
                    std::vector<std::string>& names) {
  std::string name;
  int error = 0;
  while (directory.Next(name, error)) {
    if (names.size() == kMaxListedEntries) {
      return {FileEnd::kFailed,
              Quote(path) + " has more than " +
                  std::to_string(kMaxListedEntries) +
                  " entries, which is more than can be listed"};
    }
    names.push_back(name);
  }
  if (error != 0) return FileErrorFromErrno(error, path);
  std::ranges::sort(names);
  return {};
}

// Where a symbolic link leads; empty if it is none any more.
std::string Target(int directory, const std::string& name) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size =
      ::readlinkat(directory, name.c_str(), target.data(), target.size());
  return {target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

FileError WriteEntries(int directory, const std::string& path,
                       const std::vector<std::string>& names, int output) {
  std::string text;
  const auto flush = [&text, output] {
    const int error = WriteAll(output, text);
    text.clear();
    return error == 0;
  };
  bool open = true;
  for (const std::string& name : names) {
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return FileErrorFromErrno(errno, path);
    }
    const bool is_link = S_ISLNK(status.st_mode);
    text.append(
        EntryLine(name, status, is_link ? Target(directory, name) : ""));
    if (text.size() >= kWriteBytes) open = flush();
    if (!open) break;
  }
  if (open && flush()) return {};
  return {FileEnd::kFailed, "standard output was closed too early"};
}

}  // namespace

FileError ListDirectory(int root, const FileCommand& command, int output) {
  const std::string path = command.path.relative();
  DirectoryStream directory(
      OpenBeneath(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK));
  if (!directory.valid()) return FileErrorFromErrno(errno, path);
  std::vector<std::string> names;
  if (FileError error = ReadNames(directory, path, names); !error.ok()) {
    return error;
  }
  return WriteEntries(directory.fd(), path, names, output);
}

}  // namespace airlock::runner
