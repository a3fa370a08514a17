// What `file_list` says of one file.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace airlock::cli {

// An entry of a directory in a sandbox. What stands in it is not to be trusted.
struct DirectoryEntry {
  enum class Type { kFile, kDirectory, kSymlink, kOther };

  // Its bytes, which need not be UTF-8. A single component: neither empty nor
  // "." nor "..", without slashes and NUL bytes.
  std::string name;
  Type type = Type::kOther;
  std::uint64_t size = 0;
  // Permission bits, at most 07777.
  std::uint32_t mode = 0;
  absl::Time modified;
  // Of a symbolic link.
  std::string target;
};

// Reads one line of a list. kInvalidArgument: it is none.
absl::StatusOr<DirectoryEntry> ParseDirectoryEntry(absl::string_view line);

// The same for programs: the line as it was read, escaped, with its newline.
std::string EntryJson(const DirectoryEntry& entry);

// "-rw-r--r--".
std::string ModeText(const DirectoryEntry& entry);

// One line for people, with its newline: mode, size, time and name, escaped.
std::string EntryLine(const DirectoryEntry& entry);

}  // namespace airlock::cli
