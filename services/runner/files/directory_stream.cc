#include "services/runner/files/directory_stream.h"

#include <cerrno>

namespace airlock::runner {

DirectoryStream::DirectoryStream(UniqueFd directory)
    // An error of who opened it stays the error.
    : stream_(directory.valid() ? ::fdopendir(directory.get()) : nullptr) {
  if (valid()) directory.Release();
}

bool DirectoryStream::Next(std::string& name, int& error) {
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(stream_.get());
    error = errno;
    if (entry == nullptr) return false;
    name = entry->d_name;
    if (name != "." && name != "..") return true;
  }
}

}  // namespace airlock::runner
