#include "services/runner/files/remove_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "services/runner/files/beneath.h"
#include "services/runner/files/tree_remover.h"

namespace airlock::runner {
namespace {

FileError RemoveName(int parent, const std::string& name,
                     const std::string& path, int flags) {
  if (::unlinkat(parent, name.c_str(), flags) == 0) return {};
  // Some file systems say so of a directory that is not empty.
  return FileErrorFromErrno(flags != 0 && errno == EEXIST ? ENOTEMPTY : errno,
                            path);
}

}  // namespace

FileError RemovePath(int root, const FileCommand& command) {
  const std::string path = command.path.relative();
  if (command.path.is_workspace()) {
    return {FileEnd::kPathRefused, "the workspace itself is not deleted"};
  }
  const std::string name(command.path.name());
  const std::string above(command.path.parent());
  const UniqueFd parent =
      OpenBeneath(root, above.empty() ? "." : above, O_PATH | O_DIRECTORY);
  struct stat status {};
  if (!parent.valid() || ::fstatat(parent.get(), name.c_str(), &status,
                                   AT_SYMLINK_NOFOLLOW) != 0) {
    return FileErrorFromErrno(errno, path);
  }
  if (S_ISDIR(status.st_mode)) {
    return command.recursive
               ? TreeRemover(parent.get(), path).Remove(name)
               : RemoveName(parent.get(), name, path, AT_REMOVEDIR);
  }
  if (command.path.names_directory()) {
    return {FileEnd::kNotADirectory, Quote(path) + " is not a directory"};
  }
  if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
    return {FileEnd::kNotAFile, Quote(path) +
                                    " is neither a regular file, nor a "
                                    "symbolic link, nor a directory"};
  }
  return RemoveName(parent.get(), name, path, 0);
}

}  // namespace airlock::runner
