#include "tests/integration/cli/fake_files.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace airlock {
namespace {

using airlock::v1::FileWrite;

FakeFiles::Result Failure(const std::string& reason, const std::string& text) {
  return {"", absl::StrCat(text, "\n"), 1, reason};
}

FakeFiles::Result NotFound(const std::string& path) {
  return Failure("FILE_NOT_FOUND", absl::StrCat("there is no ", path));
}

}  // namespace

void FakeFiles::Put(const std::string& session, const std::string& path,
                    const File& file) {
  absl::MutexLock lock(&mutex_);
  workspaces_[session][path] = file;
}

void FakeFiles::AddToLists(const std::string& line) {
  absl::MutexLock lock(&mutex_);
  list_addition_ += absl::StrCat(line, "\n");
}

std::map<std::string, FakeFiles::File> FakeFiles::files(
    const std::string& session) {
  absl::MutexLock lock(&mutex_);
  return workspaces_[session];
}

FakeFiles::Result FakeFiles::Do(const airlock::v1::ExecuteRequest& request) {
  absl::MutexLock lock(&mutex_);
  Workspace& workspace = workspaces_[request.session()];
  const airlock::v1::Action& action = request.action();
  if (action.has_file_read()) return Read(action.file_read(), workspace);
  if (action.has_file_list()) return List(action.file_list(), workspace);
  if (action.has_file_write()) return Write(action.file_write(), workspace);
  return Delete(action.file_delete(), workspace);
}

FakeFiles::Result FakeFiles::Read(const airlock::v1::FileRead& action,
                                  const Workspace& workspace) {
  const auto found = workspace.find(action.path());
  if (found == workspace.end()) return NotFound(action.path());
  const std::string& content = found->second.content;
  Result result;
  if (action.offset() < content.size()) {
    result.out =
        content.substr(action.offset(), action.limit() == 0 ? std::string::npos
                                                            : action.limit());
  }
  return result;
}

FakeFiles::Result FakeFiles::List(const airlock::v1::FileList& action,
                                  const Workspace& workspace) {
  const std::string prefix =
      action.path().empty() ? "" : absl::StrCat(action.path(), "/");
  std::map<std::string, nlohmann::json> entries;
  for (const auto& [path, file] : workspace) {
    if (!absl::StartsWith(path, prefix)) continue;
    const std::string below = path.substr(prefix.size());
    const std::string name = below.substr(0, below.find('/'));
    entries[name] = {{"name", name},
                     {"type", name == below ? "file" : "directory"},
                     {"size", name == below ? file.content.size() : 0},
                     {"mode", name == below ? file.mode : 0755},
                     {"mtimeMs", file.mtime_ms}};
  }
  if (entries.empty() && !prefix.empty()) return NotFound(action.path());
  Result result;
  for (const auto& [name, entry] : entries) {
    absl::StrAppend(&result.out, entry.dump(), "\n");
  }
  result.out += list_addition_;
  return result;
}

FakeFiles::Result FakeFiles::Write(const FileWrite& action,
                                   Workspace& workspace) {
  if (action.path() == "full") return Failure("DISK_FULL", "no room is left");
  File& file = workspace[action.path()];
  if (action.existing() == FileWrite::EXISTING_APPEND) {
    if (absl::StartsWith(action.path(), "full-later")) {
      return Failure("DISK_FULL", "no room is left");
    }
    file.content += action.content();
  } else {
    file.content = action.content();
  }
  if (action.mode() != 0) file.mode = action.mode();
  // Somebody else writes to it too.
  if (absl::StartsWith(action.path(), "shared")) file.content += "!";
  return {};
}

FakeFiles::Result FakeFiles::Delete(const airlock::v1::FileDelete& action,
                                    Workspace& workspace) {
  if (workspace.erase(action.path()) > 0) return {};
  const std::string prefix = absl::StrCat(action.path(), "/");
  const auto is_below = [&prefix](const auto& entry) {
    return absl::StartsWith(entry.first, prefix);
  };
  if (std::none_of(workspace.begin(), workspace.end(), is_below)) {
    return NotFound(action.path());
  }
  if (!action.recursive()) {
    return Failure("DIRECTORY_NOT_EMPTY", "it is not empty");
  }
  std::erase_if(workspace, is_below);
  return {};
}

}  // namespace airlock
