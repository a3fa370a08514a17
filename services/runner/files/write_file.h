// file_write, as a program does it.
#pragma once

#include "services/runner/files/file_command.h"
#include "services/runner/files/file_error.h"

namespace airlock::runner {

// Makes or replaces a regular file, with the directories above it, from the
// `size` bytes that come from `input`. Readers see the old content or the new
// one; after an error, or when `input` has fewer or more bytes, the old one.
// Appending makes a copy, so that both have to fit at once.
//
// Writers of one directory wait for each other, so that no appending is lost.
// Blocks all signals when it has begun to publish: whoever asks this program to
// end then waits for what little is left.
FileError WriteFile(int root, const FileCommand& command, int input);

}  // namespace airlock::runner
