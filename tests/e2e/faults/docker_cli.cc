#include "tests/e2e/faults/docker_cli.h"

#include <array>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace airlock {

std::vector<std::string> Docker(const std::string& args) {
  FILE* pipe =
      popen(absl::StrCat("docker ", args, " 2>/dev/null").c_str(), "re");
  if (pipe == nullptr) return {};
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t size =
             fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), size);
  }
  if (pclose(pipe) != 0) return {};
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

bool DockerAnswers() {
  return !Docker("version --format '{{.Server.Version}}'").empty();
}

}  // namespace airlock
