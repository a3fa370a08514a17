// Directories with all that is in them, between this machine and a session.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "services/cli/workspace/file_actions.h"
#include "services/cli/workspace/transfer.h"

namespace airlock::cli {

// Copies the regular files below `local` to the same places below `remote`.
// Links, other special files and directories without files are left out and
// told of.
absl::Status UploadTree(FileActions& actions, const std::string& local,
                        const std::string& remote, Copied& copied);

// Copies the regular files and directories below `remote` to the same places
// below `local`, which is made if it is missing. Links, other special files
// and names that are no UTF-8 are left out and told of. kResourceExhausted: it
// is deeper than 64 directories, or one has more than 100000 entries.
absl::Status DownloadTree(FileActions& actions, const std::string& remote,
                          const std::string& local, Copied& copied);

}  // namespace airlock::cli
