#include "services/cli/workspace/tree.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/config/utf8.h"
#include "common/text_escape/escape.h"
#include "services/cli/workspace/remote_path.h"

namespace airlock::cli {
namespace {

namespace fs = std::filesystem;

using Type = DirectoryEntry::Type;

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxEntries = 100'000;

absl::Status Failed(const std::string& path, const std::error_code& error) {
  return absl::ErrnoToStatus(error.value(),
                             absl::StrCat("cannot read \"", path, "\""));
}

void TellLeftOut(FileActions& actions, absl::string_view path,
                 absl::string_view why) {
  actions.Tell(absl::StrCat("left out: ", EscapeText(path), " (", why, ")"));
}

absl::Status UploadEntry(FileActions& actions, const fs::directory_entry& entry,
                         const std::string& remote, Copied& copied) {
  std::error_code error;
  const fs::file_status facts = entry.symlink_status(error);
  if (error) return Failed(entry.path(), error);
  if (!fs::is_regular_file(facts)) {
    if (fs::is_directory(facts)) {
      if (fs::is_empty(entry.path(), error) && !error) {
        TellLeftOut(actions, entry.path().native(),
                    "a directory without files");
      }
      return absl::OkStatus();
    }
    TellLeftOut(actions, entry.path().native(), "not a regular file");
    return absl::OkStatus();
  }
  if (!IsValidUtf8(remote)) {
    TellLeftOut(actions, entry.path().native(), "its name is no UTF-8");
    return absl::OkStatus();
  }
  absl::StatusOr<LocalSource> source = LocalSource::Open(entry.path());
  if (!source.ok()) return source.status();
  return Upload(actions, *source, remote, copied);
}

absl::StatusOr<std::vector<DirectoryEntry>> ListAll(FileActions& actions,
                                                    const std::string& path) {
  std::vector<DirectoryEntry> entries;
  absl::Status listed =
      actions.List(path, [&entries](const DirectoryEntry& entry) {
        if (entries.size() == kMaxEntries) {
          return absl::ResourceExhaustedError(absl::StrCat(
              "a directory has more than ", kMaxEntries, " entries"));
        }
        entries.push_back(entry);
        return absl::OkStatus();
      });
  if (!listed.ok()) return listed;
  return entries;
}

// One directory that is to be copied.
struct Pending {
  std::string remote;
  std::string local;
  int depth = 0;
};

absl::Status DownloadFile(FileActions& actions, const DirectoryEntry& entry,
                          const std::string& remote, const std::string& local,
                          Copied& copied) {
  absl::StatusOr<LocalTarget> target = LocalTarget::Create(local);
  if (!target.ok()) return target.status();
  return DownloadListed(actions, remote, entry, *target, copied);
}

// Copies the files of one directory; adds the directories in it to `pending`.
absl::Status DownloadDirectory(FileActions& actions, const Pending& one,
                               std::vector<Pending>& pending, Copied& copied) {
  const auto entries = ListAll(actions, one.remote);
  if (!entries.ok()) return entries.status();
  std::error_code error;
  fs::create_directories(one.local, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(),
                               absl::StrCat("cannot make \"", one.local, "\""));
  }
  for (const DirectoryEntry& entry : *entries) {
    const std::string remote = JoinPath(one.remote, entry.name);
    const std::string local = fs::path(one.local) / entry.name;
    if (!IsValidUtf8(entry.name)) {
      TellLeftOut(actions, remote, "its name is no UTF-8");
    } else if (entry.type == Type::kDirectory) {
      pending.push_back({remote, local, one.depth + 1});
    } else if (entry.type != Type::kFile) {
      TellLeftOut(actions, remote, "not a regular file");
    } else {
      absl::Status done = DownloadFile(actions, entry, remote, local, copied);
      if (!done.ok()) return done;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status UploadTree(FileActions& actions, const std::string& local,
                        const std::string& remote, Copied& copied) {
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(local, error);
  for (; !error && entry != fs::recursive_directory_iterator();
       entry.increment(error)) {
    const std::string below = entry->path().lexically_relative(local);
    absl::Status done =
        UploadEntry(actions, *entry, JoinPath(remote, below), copied);
    if (!done.ok()) return done;
  }
  return error ? Failed(local, error) : absl::OkStatus();
}

absl::Status DownloadTree(FileActions& actions, const std::string& remote,
                          const std::string& local, Copied& copied) {
  std::vector<Pending> pending = {{remote, local, 0}};
  while (!pending.empty()) {
    const Pending one = std::move(pending.back());
    pending.pop_back();
    if (one.depth > kMaxDepth) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "\"", one.remote, "\" is deeper than ", kMaxDepth, " directories"));
    }
    absl::Status done = DownloadDirectory(actions, one, pending, copied);
    if (!done.ok()) return done;
  }
  return absl::OkStatus();
}

}  // namespace airlock::cli
