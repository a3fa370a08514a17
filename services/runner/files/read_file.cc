#include "services/runner/files/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "services/runner/files/beneath.h"
#include "services/runner/files/copy.h"

namespace airlock::runner {
namespace {

FileError Check(int fd, const std::string& path, struct stat& status) {
  if (::fstat(fd, &status) != 0) return FileErrorFromErrno(errno, path);
  if (S_ISREG(status.st_mode)) return {};
  return {FileEnd::kNotAFile, Quote(path) + " is not a regular file"};
}

FileError OpenFile(int root, const std::string& path, UniqueFd& file,
                   struct stat& status) {
  // First without opening it: opening a device may do something, and opening a
  // FIFO may wait.
  const UniqueFd handle = OpenBeneath(root, path, O_PATH);
  if (!handle.valid()) return FileErrorFromErrno(errno, path);
  if (FileError error = Check(handle.get(), path, status); !error.ok()) {
    return error;
  }
  // It may be another thing by now, so that all of it is asked again.
  file = OpenBeneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file.valid()) return FileErrorFromErrno(errno, path);
  return Check(file.get(), path, status);
}

}  // namespace

FileError ReadFile(int root, const FileCommand& command, int output) {
  const std::string path = command.path.relative();
  if (command.path.names_directory()) {
    return {FileEnd::kNotAFile, Quote(path) + " is named as a directory"};
  }
  UniqueFd file;
  struct stat status {};
  if (FileError error = OpenFile(root, path, file, status); !error.ok()) {
    return error;
  }
  // Beyond the end there is nothing to read, and perhaps nowhere to seek.
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (command.offset > 0 && command.offset >= size) return {};
  if (::lseek(file.get(), static_cast<off_t>(command.offset), SEEK_SET) < 0) {
    return FileErrorFromErrno(errno, path);
  }
  const std::uint64_t most = command.limit == 0 ? UINT64_MAX : command.limit;
  const Copied copied = Copy(file.get(), output, most);
  if (copied.read_error != 0) {
    return FileErrorFromErrno(copied.read_error, path);
  }
  if (copied.write_error != 0) {
    return {FileEnd::kFailed, "standard output was closed too early"};
  }
  return {};
}

}  // namespace airlock::runner
