#include "services/runner/files/file_error.h"

#include <cerrno>
#include <cstring>

namespace airlock::runner {
namespace {

constexpr std::size_t kMaxQuotedBytes = 256;

FileEnd EndFromErrno(int error) {
  switch (error) {
    case ENOENT:
      return FileEnd::kNotFound;
    case ENOTDIR:
      return FileEnd::kNotADirectory;
    case EISDIR:
      return FileEnd::kNotAFile;
    case EXDEV:
    case ELOOP:
    case ENAMETOOLONG:
      return FileEnd::kPathRefused;
    case EEXIST:
      return FileEnd::kExists;
    case ENOTEMPTY:
      return FileEnd::kNotEmpty;
    case EACCES:
    case EPERM:
    case EROFS:
      return FileEnd::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
      return FileEnd::kDiskFull;
    default:
      return FileEnd::kFailed;
  }
}

}  // namespace

FileError FileErrorFromErrno(int error, std::string_view path) {
  const FileEnd end = EndFromErrno(error);
  if (error == EXDEV || error == ELOOP) {
    return {end, Quote(path) +
                     " leads through a symbolic link out of the workspace, or "
                     "is one itself"};
  }
  if (error == ENOSYS) {
    return {end,
            "the kernel has no openat2, which keeps paths inside the "
            "workspace; Linux 5.6 or later would do"};
  }
  return {end, Quote(path) + ": " + std::strerror(error)};
}

std::string Quote(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text.substr(0, kMaxQuotedBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') {
      quoted.append("\\x");
      quoted.push_back(kDigits[byte >> 4U]);
      quoted.push_back(kDigits[byte & 0xfU]);
    } else {
      quoted.push_back(c);
    }
  }
  quoted.push_back('"');
  if (text.size() > kMaxQuotedBytes) quoted.append("...");
  return quoted;
}

}  // namespace airlock::runner
