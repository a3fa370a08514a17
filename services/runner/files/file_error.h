// Why a file action was not done.
#pragma once

#include <string>
#include <string_view>

#include "common/file_action/file_end.h"

namespace airlock::runner {

// How it ended; by default well.
struct FileError {
  FileEnd end = FileEnd::kDone;
  // One sentence for a human.
  std::string message;

  bool ok() const { return end == FileEnd::kDone; }
};

// What an errno means for what is called `path`.
FileError FileErrorFromErrno(int error, std::string_view path);

// `text` in quotes, cut if it is long. What could disturb a terminal or break
// the sentence is written as \xNN.
std::string Quote(std::string_view text);

}  // namespace airlock::runner
