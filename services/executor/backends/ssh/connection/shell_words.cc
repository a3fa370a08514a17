#include "services/executor/backends/ssh/connection/shell_words.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace airlock::executor {

std::string ShellWord(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", R"('\'')"}}), "'");
}

std::string PosixCommand(absl::string_view script) {
  return absl::StrCat("exec /bin/sh -c ", ShellWord(script));
}

}  // namespace airlock::executor
