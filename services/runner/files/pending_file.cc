#include "services/runner/files/pending_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace airlock::runner {

PendingFile::~PendingFile() {
  if (has_pending_name_) ::unlinkat(directory_, kPendingName, 0);
}

bool PendingFile::Create() {
  if (::unlinkat(directory_, kPendingName, 0) != 0 && errno != ENOENT) {
    return false;
  }
  file_ =
      UniqueFd(::openat(directory_, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file_.valid() || errno != EOPNOTSUPP) return file_.valid();
  file_ = UniqueFd(::openat(directory_, kPendingName,
                            O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  has_pending_name_ = file_.valid();
  return has_pending_name_;
}

bool PendingFile::Publish(const std::string& name, bool replace) {
  if (has_pending_name_) return Rename(name, replace);
  const std::string self = "/proc/self/fd/" + std::to_string(file_.get());
  const auto link = [&](const char* to) {
    return ::linkat(AT_FDCWD, self.c_str(), directory_, to,
                    AT_SYMLINK_FOLLOW) == 0;
  };
  if (link(name.c_str())) return true;
  if (errno != EEXIST || !replace) return false;
  // No call puts a file without a name in place of another one.
  has_pending_name_ = link(kPendingName);
  return has_pending_name_ && Rename(name, replace);
}

bool PendingFile::Rename(const std::string& name, bool replace) {
  const unsigned flags = replace ? 0 : RENAME_NOREPLACE;
  const bool renamed = ::renameat2(directory_, kPendingName, directory_,
                                   name.c_str(), flags) == 0;
  if (renamed) has_pending_name_ = false;
  return renamed;
}

}  // namespace airlock::runner
