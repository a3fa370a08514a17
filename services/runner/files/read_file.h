// file_read, as a program does it.
#pragma once

#include "services/runner/files/file_command.h"
#include "services/runner/files/file_error.h"

namespace airlock::runner {

// Writes the bytes of a regular file, from `offset` on and at most `limit`, to
// `output`. Anything but a regular file is refused without being opened, and
// nothing makes this wait but `output`.
FileError ReadFile(int root, const FileCommand& command, int output);

}  // namespace airlock::runner
