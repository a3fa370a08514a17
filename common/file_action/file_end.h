// How a file action ends.
#pragma once

#include <array>
#include <string_view>

namespace airlock {

// The exit codes of `airlock-runner file`. None of them is used by a shell, by
// a C library or by a sanitizer.
enum class FileEnd {
  kDone = 0,
  kNotFound = 40,
  kNotAFile = 41,
  kNotADirectory = 42,
  kPathRefused = 43,
  kExists = 44,
  kNotEmpty = 45,
  kPermissionDenied = 46,
  kDiskFull = 47,
  kFailed = 48,
};

// What an end is called.
struct FileEndWords {
  FileEnd end;
  // The word of airlock.v1.Outcome.reason.
  std::string_view reason;
  // The same for a human.
  std::string_view message;
};

// Every end but kDone; kFailed is the last.
inline constexpr std::array<FileEndWords, 9> kFileEnds = {{
    {FileEnd::kNotFound, "FILE_NOT_FOUND", "there is nothing at the path"},
    {FileEnd::kNotAFile, "NOT_A_FILE",
     "what is at the path is not a regular file"},
    {FileEnd::kNotADirectory, "NOT_A_DIRECTORY",
     "what is at the path, or on the way to it, is not a directory"},
    {FileEnd::kPathRefused, "PATH_REFUSED",
     "the path leads out of the workspace, or through what may not be "
     "followed"},
    {FileEnd::kExists, "FILE_EXISTS", "there is something at the path already"},
    {FileEnd::kNotEmpty, "DIRECTORY_NOT_EMPTY", "the directory is not empty"},
    {FileEnd::kPermissionDenied, "PERMISSION_DENIED",
     "the permissions of a file or directory forbid it"},
    {FileEnd::kDiskFull, "DISK_FULL", "the workspace is full"},
    {FileEnd::kFailed, "FILE_FAILED", "it could not be done"},
}};

// The words for an exit code that is not 0. One that is not in the table is a
// failure, too.
constexpr const FileEndWords& WordsOfFileEnd(int exit_code) {
  for (const FileEndWords& words : kFileEnds) {
    if (static_cast<int>(words.end) == exit_code) return words;
  }
  return kFileEnds.back();
}

}  // namespace airlock
