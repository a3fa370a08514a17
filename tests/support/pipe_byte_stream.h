// A ByteStream to a program of this machine, for tests with a real runner.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/executor/sandbox/byte_stream.h"

namespace airlock {

// How to start the program.
struct NamespaceOptions {
  // Not 0: gives up root first, and may have at most `max_processes`.
  uid_t uid = 0;
  // With `uid`: the most processes and threads of that user. 0: no limit.
  std::uint64_t max_processes = 0;
  // The most open files: at first, and what it may ask for. 0: as many as this
  // process.
  std::uint64_t open_files = 0;
  std::uint64_t most_open_files = 0;
};

// Starts a program as process 1 of new pid and mount namespaces with a fresh
// /proc (needs root), and is connected to its standard streams. Destruction
// kills it and with it the namespace. Thread-safe.
class PipeByteStream final : public executor::ByteStream {
 public:
  // argv[0] is a path.
  static absl::StatusOr<std::unique_ptr<PipeByteStream>> StartInNamespace(
      const std::vector<std::string>& argv, const NamespaceOptions& options);

  ~PipeByteStream() override;

  void Start(std::shared_ptr<executor::ByteStreamObserver> observer) override;
  void Write(std::string data) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Close() override ABSL_LOCKS_EXCLUDED(mutex_);

  // The program, as this process sees it.
  pid_t pid() const { return pid_; }

  // The wait status of the program, or nothing if it has not ended within
  // `limit`. Not thread-safe.
  std::optional<int> WaitExit(absl::Duration limit);

  // Stops and resumes the reading of its output.
  void PauseReading(bool paused) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  PipeByteStream() = default;
  void Serve();
  bool Turn();
  bool ReadFrom(int fd, bool diagnostic);
  void WriteSome() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake() const;

  pid_t pid_ = -1;
  std::optional<int> exit_status_;
  int stdin_ = -1;
  int stdout_ = -1;
  int stderr_ = -1;
  int wake_ = -1;
  std::shared_ptr<executor::ByteStreamObserver> observer_;
  std::thread thread_;
  absl::Mutex mutex_;
  std::string pending_ ABSL_GUARDED_BY(mutex_);
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace airlock
