// Text as words of a shell.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace airlock::executor {

// One word of any Unix shell, whatever `text` holds but newlines and "!", of
// which csh has its own opinion.
std::string ShellWord(absl::string_view text);

// A command line for any login shell that has the POSIX shell run `script`,
// one line.
std::string PosixCommand(absl::string_view script);

}  // namespace airlock::executor
