// Whole files, between this machine and a session.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "services/cli/workspace/directory_entry.h"
#include "services/cli/workspace/file_actions.h"
#include "services/cli/workspace/local_file.h"

namespace airlock::cli {

// What was copied.
struct Copied {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// Writes a file: its first chunk replaces what is there, the others are
// appended. More than one chunk: its size is looked at afterwards. An error
// says how much of it is there.
absl::Status Upload(FileActions& actions, LocalSource& source,
                    const std::string& path, Copied& copied);

// Reads a file range by range and commits it when all of it came and, as far
// as the directory may be listed, it did not change meanwhile.
absl::Status Download(FileActions& actions, const std::string& path,
                      LocalTarget& target, Copied& copied);

// The same with what the directory said of the file before.
absl::Status DownloadListed(FileActions& actions, const std::string& path,
                            const DirectoryEntry& listed, LocalTarget& target,
                            Copied& copied);

}  // namespace airlock::cli
