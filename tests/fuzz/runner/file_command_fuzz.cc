// The words of a file action may hold anything: what is read from them stays
// below the workspace and within its bounds, and names become JSON that reads
// back as they were.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json.hpp"
#include "services/runner/files/entry_line.h"
#include "services/runner/files/file_command.h"

namespace {

using airlock::runner::FileCommand;
using airlock::runner::WorkspacePath;

void Require(bool fact) {
  if (!fact) std::abort();
}

// Words are separated by newlines.
std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

void CheckPath(const WorkspacePath& path) {
  const std::string relative = path.relative();
  Require(!relative.empty() && relative.front() != '/' &&
          relative.find('\0') == std::string::npos && relative.size() <= 4095);
  if (path.is_workspace()) return;
  const std::string framed = "/" + relative + "/";
  for (const char* bad : {"//", "/./", "/../"}) {
    Require(framed.find(bad) == std::string::npos);
  }
  const std::string parent(path.parent());
  const std::string name(path.name());
  Require((parent.empty() ? name : parent + "/" + name) == relative);
  WorkspacePath again;
  Require(WorkspacePath::Parse(relative, again).empty() &&
          again.relative() == relative);
}

void CheckJson(std::string_view name) {
  struct stat status {};
  status.st_mode = S_IFLNK;
  const auto entry = nlohmann::json::parse(
      airlock::runner::EntryLine(name, status, name), nullptr, false);
  Require(entry.is_object());
  Require(entry.contains("nameBase64") || entry["name"] == name);
  Require(entry["name"] == entry["target"]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  FileCommand command;
  if (airlock::runner::ReadFileCommand(Split(text), command).ok()) {
    CheckPath(command.path);
    Require(command.size <= std::uint64_t{8} << 20);
    Require(command.mode.value_or(0) <= 0777);
  }
  WorkspacePath path;
  if (WorkspacePath::Parse(text, path).empty()) CheckPath(path);
  CheckJson(text);
  return 0;
}
