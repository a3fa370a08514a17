// file_delete, as a program does it.
#pragma once

#include "services/runner/files/file_command.h"
#include "services/runner/files/file_error.h"

namespace airlock::runner {

// Deletes a regular file, a symbolic link itself, or a directory: an empty one,
// or with `recursive` all that is in it. Never the workspace.
FileError RemovePath(int root, const FileCommand& command);

}  // namespace airlock::runner
