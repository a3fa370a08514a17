// file_list, as a program does it.
#pragma once

#include <cstddef>

#include "services/runner/files/file_command.h"
#include "services/runner/files/file_error.h"

namespace airlock::runner {

// The most entries of a directory that is listed: their names have to be held
// to be sorted, and take at most 30 MB.
inline constexpr std::size_t kMaxListedEntries = 100'000;

// Writes an EntryLine() for each entry of a directory to `output`, sorted by
// the bytes of their names. A directory with more than kMaxListedEntries is an
// error, and nothing of it is written. Entries that go meanwhile are left out.
FileError ListDirectory(int root, const FileCommand& command, int output);

}  // namespace airlock::runner
