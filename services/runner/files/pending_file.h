// A file that nobody sees before it is complete.
#pragma once

#include <string>

#include "services/runner/unique_fd.h"

namespace airlock::runner {

// The only name a pending file ever has, for the moment in which it replaces
// another one. What has it when nobody writes in that directory is left of one
// that was killed in that moment; the next write there removes it.
inline constexpr const char* kPendingName = ".airlock-pending";

// Has no name until it is published, so that nothing is left of one that is
// not. Where the file system has no files without names it is kPendingName
// until then.
class PendingFile {
 public:
  // `directory` must be open for reading, be locked with flock(), so that there
  // is one at a time, and outlive this.
  explicit PendingFile(int directory) : directory_(directory) {}
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  // Makes it, empty, with mode 0600. False with errno.
  bool Create();

  int fd() const { return file_.get(); }

  // Gives it its name in one step, in place of what has it unless `replace` is
  // false: then EEXIST if something has. False with errno.
  bool Publish(const std::string& name, bool replace);

 private:
  bool Rename(const std::string& name, bool replace);

  const int directory_;
  UniqueFd file_;
  bool has_pending_name_ = false;
};

}  // namespace airlock::runner
