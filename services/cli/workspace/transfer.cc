#include "services/cli/workspace/transfer.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::cli {
namespace {

using airlock::v1::FileWrite;

constexpr mode_t kDefaultMode = 0644;
constexpr int kMaxLosses = 5;

// What the directory says of a file; nothing if it may not be listed, or says
// nothing of the file itself because it is a link to it.
absl::StatusOr<std::optional<DirectoryEntry>> Look(FileActions& actions,
                                                   const std::string& path) {
  absl::StatusOr<DirectoryEntry> entry = actions.Find(path);
  if (entry.ok()) {
    if (entry->type == DirectoryEntry::Type::kSymlink) return std::nullopt;
    return *std::move(entry);
  }
  if (!actions.was_refused()) return entry.status();
  actions.Tell(
      "the directory may not be listed: size and permissions are not checked");
  return std::nullopt;
}

absl::Status Changed(const std::string& path) {
  return MakeError(
      absl::StatusCode::kAborted, "FILE_CHANGED",
      absl::StrCat("\"", path, "\" changed while it was copied; try again"),
      {{"path", path}});
}

// The same error, with what it leaves behind.
absl::Status Partly(const absl::Status& error, const std::string& path,
                    std::uint64_t bytes) {
  if (bytes == 0) return error;
  absl::Status told(error.code(),
                    absl::StrCat(error.message(), "; the first ", bytes,
                                 " bytes are in \"", path, "\""));
  error.ForEachPayload(
      [&told](absl::string_view type_url, const absl::Cord& payload) {
        told.SetPayload(type_url, payload);
      });
  return told;
}

// Reads all of a file into `target`; how much that was.
absl::StatusOr<std::uint64_t> ReadAll(FileActions& actions,
                                      const std::string& path,
                                      LocalTarget& target) {
  std::uint64_t received = 0;
  const auto on_data = [&](absl::string_view data) {
    received += data.size();
    return target.Write(data);
  };
  for (int losses = 0;;) {
    const std::uint64_t before = received;
    const absl::Status read = actions.Read(path, received, on_data);
    // What was lost on the way is still in the file.
    if (absl::IsDataLoss(read) && ++losses < kMaxLosses) continue;
    if (!read.ok()) return read;
    if (received - before < FileActions::kChunkBytes) return received;
  }
}

absl::Status DownloadChecked(FileActions& actions, const std::string& path,
                             const std::optional<DirectoryEntry>& listed,
                             LocalTarget& target, Copied& copied) {
  const absl::StatusOr<std::uint64_t> received = ReadAll(actions, path, target);
  if (!received.ok()) return received.status();
  if (listed.has_value() && *received != listed->size) return Changed(path);
  if (listed.has_value() && *received >= FileActions::kChunkBytes) {
    // It was read by several actions: as long as before does not mean as it
    // was.
    const auto now = Look(actions, path);
    if (!now.ok()) return now.status();
    if (now->has_value() && (*now)->modified != listed->modified) {
      return Changed(path);
    }
  }
  absl::Status committed =
      target.Commit(listed.has_value() ? listed->mode : kDefaultMode);
  if (!committed.ok()) return committed;
  ++copied.files;
  copied.bytes += *received;
  return absl::OkStatus();
}

}  // namespace

absl::Status Upload(FileActions& actions, LocalSource& source,
                    const std::string& path, Copied& copied) {
  std::uint64_t sent = 0;
  for (bool ended = false; !ended;) {
    absl::StatusOr<std::string> chunk = source.Read(FileActions::kChunkBytes);
    if (!chunk.ok()) return Partly(chunk.status(), path, sent);
    ended = chunk->size() < FileActions::kChunkBytes;
    if (chunk->empty() && sent > 0) break;
    const std::uint64_t size = chunk->size();
    FileWrite action;
    action.set_path(path);
    action.set_content(*std::move(chunk));
    action.set_existing(sent == 0 ? FileWrite::EXISTING_OVERWRITE
                                  : FileWrite::EXISTING_APPEND);
    if (sent == 0) action.set_mode(source.mode().value_or(0));
    absl::Status written = actions.Write(std::move(action));
    if (!written.ok()) return Partly(written, path, sent);
    sent += size;
  }
  if (sent > FileActions::kChunkBytes) {
    // Somebody else may have written between two of its actions.
    const auto now = Look(actions, path);
    if (!now.ok()) return now.status();
    if (now->has_value() && (*now)->size != sent) return Changed(path);
  }
  ++copied.files;
  copied.bytes += sent;
  return absl::OkStatus();
}

absl::Status Download(FileActions& actions, const std::string& path,
                      LocalTarget& target, Copied& copied) {
  const auto listed = Look(actions, path);
  if (!listed.ok()) return listed.status();
  return DownloadChecked(actions, path, *listed, target, copied);
}

absl::Status DownloadListed(FileActions& actions, const std::string& path,
                            const DirectoryEntry& listed, LocalTarget& target,
                            Copied& copied) {
  return DownloadChecked(actions, path, listed, target, copied);
}

}  // namespace airlock::cli
