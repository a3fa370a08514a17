// One sandbox of FakeSandboxBackend and what it shares with it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/executor/sandbox/sandbox_backend.h"
#include "tests/support/fake_files.h"

namespace airlock {

class FakeProcess;

// What a backend and its sandboxes share.
struct FakeBackendState {
  absl::Mutex mutex;
  absl::Status next_create ABSL_GUARDED_BY(mutex);
  absl::Status creates ABSL_GUARDED_BY(mutex);
  absl::Status check ABSL_GUARDED_BY(mutex);
  std::string image_id ABSL_GUARDED_BY(mutex) =
      "sha256:"
      "0000000000000000000000000000000000000000000000000000000000000001";
  int creating ABSL_GUARDED_BY(mutex) = 0;
  int failed_creates ABSL_GUARDED_BY(mutex) = 0;
  bool hold_creates ABSL_GUARDED_BY(mutex) = false;
  bool end_empty ABSL_GUARDED_BY(mutex) = true;
  int failing_destroys ABSL_GUARDED_BY(mutex) = 0;
  int leftovers ABSL_GUARDED_BY(mutex) = 0;
  int live_sandboxes ABSL_GUARDED_BY(mutex) = 0;
  int running_processes ABSL_GUARDED_BY(mutex) = 0;
  std::vector<executor::SandboxSpec> created ABSL_GUARDED_BY(mutex);
  std::vector<executor::ProcessSpec> started ABSL_GUARDED_BY(mutex);
  std::vector<std::weak_ptr<FakeProcess>> processes ABSL_GUARDED_BY(mutex);
  // Lines of the probe in place of what would be right, by their first word.
  std::map<std::string, std::string> probe_lines ABSL_GUARDED_BY(mutex);
  // Rises when every sandbox there is becomes unusable.
  int losses ABSL_GUARDED_BY(mutex) = 0;
};

// A process that plays its argv on a thread of its own, which keeps it alive.
// Thread-safe.
class FakeProcess final : public executor::SandboxProcess,
                          public std::enable_shared_from_this<FakeProcess> {
 public:
  // `background` counts what runs in the background of its sandbox.
  FakeProcess(std::shared_ptr<FakeBackendState> state,
              std::shared_ptr<std::atomic<int>> background,
              executor::ProcessSpec spec,
              std::shared_ptr<executor::ProcessObserver> observer);

  // Begins to play; called once.
  void Start();
  void AllowOutput(std::uint64_t limit_bytes) override;
  void AddInput(std::string data, bool end) override;
  void Cancel() override;
  // The sandbox is gone under it.
  void Lose();
  bool ended() const;
  bool parallel() const { return spec_.parallel; }
  // Waits until it has told its end; at once on its own thread.
  void WaitEnded() const;

 private:
  using Words = std::vector<std::string>;

  void Play();
  // What the argv means once shells and interpreters are seen through.
  Words Command() const;
  executor::ProcessEnd PlayCommand(const Words& words);
  // These say whether to go on; else `end` says how the process ended.
  bool Write(executor::Stream stream, absl::string_view data,
             executor::ProcessEnd& end);
  bool Spam(std::uint64_t bytes, executor::ProcessEnd& end);
  bool Sleep(absl::Duration duration, executor::ProcessEnd& end);
  // Writes all input, as it comes, to standard output.
  bool Echo(executor::ProcessEnd& end);
  // Starts something in the background; what becomes of it at the end.
  void LeaveBehind(executor::ProcessEnd& end);
  bool Interrupted(executor::ProcessEnd& end) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool WantsAttention() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool MayWrite() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool HasInput() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<FakeBackendState> state_;
  const std::shared_ptr<std::atomic<int>> background_;
  const executor::ProcessSpec spec_;
  const std::shared_ptr<executor::ProcessObserver> observer_;
  const absl::Time started_;
  mutable absl::Mutex mutex_;
  std::uint64_t limit_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t written_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string input_ ABSL_GUARDED_BY(mutex_);
  // Bytes of all input that were read; later ones that came, and may come.
  std::uint64_t read_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t later_input_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t input_credit_ ABSL_GUARDED_BY(mutex_) = kFirstInputCredit;
  bool input_complete_ ABSL_GUARDED_BY(mutex_);
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool told_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread::id thread_ ABSL_GUARDED_BY(mutex_);
};

// A sandbox that plays one process at a time, or several `parallel` ones.
class FakeSandbox final : public executor::Sandbox {
 public:
  // `image_id` and `losses` are the state's at its birth.
  FakeSandbox(std::shared_ptr<FakeBackendState> state,
              executor::SandboxSpec spec, std::string image_id, int losses);
  ~FakeSandbox() override;

  std::shared_ptr<executor::SandboxProcess> Run(
      executor::ProcessSpec spec,
      std::shared_ptr<executor::ProcessObserver> observer) override;
  std::string image_id() const override { return image_id_; }
  bool usable() const override;
  absl::Status Destroy(absl::Time deadline) override;

 private:
  using Processes = std::vector<std::shared_ptr<FakeProcess>>;

  // Those that have not ended.
  Processes Running() const ABSL_LOCKS_EXCLUDED(mutex_);
  // What the probe prints where every limit holds, or is said not to.
  std::string ProbeOutput() const;

  const std::shared_ptr<FakeBackendState> state_;
  const executor::SandboxSpec spec_;
  const std::string image_id_;
  const int losses_;
  const std::shared_ptr<std::atomic<int>> background_ =
      std::make_shared<std::atomic<int>>(0);
  FakeFiles files_;
  mutable absl::Mutex mutex_;
  Processes processes_ ABSL_GUARDED_BY(mutex_);
  bool destroyed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace airlock
