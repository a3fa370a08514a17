// What a small file says, read again when the file changes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/config/file_watch.h"

namespace airlock {

// Says that the file named `what` was read again or, with an error, that it
// was not and the old content goes on.
void LogReload(absl::string_view what, absl::string_view path,
               const absl::Status& status);

// A `T` read from a file. Each Get() looks whether the file has changed and, if
// so, reads it again; when that fails the old content goes on and one warning
// is logged for each change. Thread-safe.
template <typename T>
class ReloadedFile {
 public:
  // Reads the file; the error says what is wrong and names the path.
  using Read = std::function<absl::StatusOr<T>(const std::string& path)>;

  // Reads it for the first time, which must succeed. `what` is how logs call
  // it, such as "token file".
  static absl::StatusOr<std::unique_ptr<ReloadedFile>> Open(std::string path,
                                                            std::string what,
                                                            Read read) {
    std::unique_ptr<ReloadedFile> file(
        new ReloadedFile(std::move(path), std::move(what), std::move(read)));
    absl::MutexLock lock(&file->mutex_);
    file->version_ = VersionOfFile(file->path_);
    absl::Status loaded = file->Load();
    if (!loaded.ok()) return loaded;
    return file;
  }

  // The newest content that could be read. Stays as it is for who holds it.
  std::shared_ptr<const T> Get() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    // Taken before reading: a change while reading is noticed the next time.
    const FileVersion version = VersionOfFile(path_);
    if (!(version == version_)) {
      version_ = version;
      LogReload(what_, path_, Load());
    }
    return content_;
  }

 private:
  ReloadedFile(std::string path, std::string what, Read read)
      : path_(std::move(path)),
        what_(std::move(what)),
        read_(std::move(read)) {}

  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    absl::StatusOr<T> content = read_(path_);
    if (!content.ok()) return content.status();
    content_ = std::make_shared<const T>(*std::move(content));
    return absl::OkStatus();
  }

  const std::string path_;
  const std::string what_;
  const Read read_;
  absl::Mutex mutex_;
  FileVersion version_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const T> content_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
