// The names in a directory.
#pragma once

#include <dirent.h>

#include <memory>
#include <string>

#include "services/runner/unique_fd.h"

namespace airlock::runner {

// Reads one name after the other, in the file system's order, without "." and
// "..". Movable only.
class DirectoryStream {
 public:
  DirectoryStream() = default;
  // Takes a directory that is open for reading. Not valid(), with errno, if it
  // cannot be read.
  explicit DirectoryStream(UniqueFd directory);

  bool valid() const { return stream_ != nullptr; }
  int fd() const { return ::dirfd(stream_.get()); }

  // The next name. False at the end, with `error` 0, or after an error.
  bool Next(std::string& name, int& error);

  // Begins again.
  void Rewind() { ::rewinddir(stream_.get()); }

 private:
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  std::unique_ptr<DIR, Close> stream_;
};

}  // namespace airlock::runner
