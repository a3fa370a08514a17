// Hosts that answer as a test tells them, and remember what came to them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/executor/backends/ssh/duty/host_renewal.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

inline constexpr absl::Duration kPatience = absl::Seconds(10);

inline absl::Time Soon() { return absl::Now() + kPatience; }

// Whether it holds soon.
template <typename Condition>
bool Await(const Condition& holds) {
  const absl::Time deadline = Soon();
  while (!holds() && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  return holds();
}

// What hosts of a test share: what they are to answer, and what came to them.
struct Hosts {
  void Tell(const std::string& event) {
    absl::MutexLock lock(&mutex);
    events.push_back(event);
  }
  std::vector<std::string> Heard() {
    absl::MutexLock lock(&mutex);
    return events;
  }

  absl::Mutex mutex;
  std::vector<std::string> events ABSL_GUARDED_BY(mutex);
  absl::Status create ABSL_GUARDED_BY(mutex);
  absl::Status destroy ABSL_GUARDED_BY(mutex);
  EndedBy ended_by ABSL_GUARDED_BY(mutex) = EndedBy::kExited;
  std::atomic<int> made = 0;
};

class NoProcess final : public SandboxProcess {
 public:
  void AllowOutput(std::uint64_t /*limit_bytes*/) override {}
  void AddInput(std::string /*data*/, bool /*end*/) override {}
  void Cancel() override {}
};

// Runs nothing: a process ends at once, as the hosts are told.
class ToldSandbox final : public Sandbox {
 public:
  explicit ToldSandbox(Hosts& hosts) : hosts_(hosts) {}
  std::shared_ptr<SandboxProcess> Run(
      ProcessSpec /*spec*/,
      std::shared_ptr<ProcessObserver> observer) override {
    ProcessEnd end;
    {
      absl::MutexLock lock(&hosts_.mutex);
      end.ended_by = hosts_.ended_by;
    }
    observer->OnStarted();
    observer->OnOutput(Stream::kStdout, "said");
    observer->OnInputCredit(7);
    observer->OnEnded(end);
    return std::make_shared<NoProcess>();
  }
  std::string image_id() const override { return "told"; }
  bool usable() const override { return true; }
  absl::Status Destroy(absl::Time /*deadline*/) override {
    absl::MutexLock lock(&hosts_.mutex);
    return hosts_.destroy;
  }

 private:
  Hosts& hosts_;
};

class ToldBackend final : public SandboxBackend {
 public:
  explicit ToldBackend(Hosts& hosts) : hosts_(hosts) {
    hosts_.Tell(absl::StrCat("host ", ++hosts_.made));
  }
  ~ToldBackend() override { hosts_.Tell("left"); }
  std::string name() const override { return "ssh"; }
  absl::StatusOr<std::unique_ptr<Sandbox>> Create(
      const SandboxSpec& /*spec*/, absl::string_view /*execution_id*/,
      absl::Time /*deadline*/, const ProgressFunction& /*progress*/) override {
    absl::MutexLock lock(&hosts_.mutex);
    if (!hosts_.create.ok()) return hosts_.create;
    return std::make_unique<ToldSandbox>(hosts_);
  }
  absl::Status Check(absl::Time /*deadline*/) override {
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<BackendImage>> ListImages(
      absl::Time /*deadline*/) override {
    return std::vector<BackendImage>{{"image", "id"}};
  }
  absl::StatusOr<int> RemoveLeftovers(absl::Time /*deadline*/) override {
    return 3;
  }

 private:
  Hosts& hosts_;
};

// Answers as it is told, and may be held up.
class ToldRenewal final : public HostRenewal {
 public:
  struct Script {
    absl::Mutex mutex;
    absl::Status renewed ABSL_GUARDED_BY(mutex);
    absl::Status may ABSL_GUARDED_BY(mutex);
    bool held ABSL_GUARDED_BY(mutex) = false;
    std::atomic<int> asked = 0;
  };
  ToldRenewal(Hosts& hosts, Script& script) : hosts_(hosts), script_(script) {}
  absl::Status Renew(absl::string_view reason,
                     const std::atomic<bool>& stop) override {
    hosts_.Tell(absl::StrCat("renew ", reason));
    Await([&] {
      absl::MutexLock lock(&script_.mutex);
      return !script_.held || stop;
    });
    absl::MutexLock lock(&script_.mutex);
    return script_.renewed;
  }
  absl::Status MayRenew() const override {
    absl::MutexLock lock(&script_.mutex);
    ++script_.asked;
    return script_.may;
  }

 private:
  Hosts& hosts_;
  Script& script_;
};

class Recorder final : public ProcessObserver {
 public:
  void OnStarted() override { heard_ += "started "; }
  void OnOutput(Stream /*stream*/, absl::string_view data) override {
    absl::StrAppend(&heard_, data, " ");
  }
  void OnInputCredit(std::uint64_t limit_bytes) override {
    absl::StrAppend(&heard_, limit_bytes, " ");
  }
  void OnEnded(const ProcessEnd& /*end*/) override { heard_ += "ended"; }
  const std::string& heard() const { return heard_; }

 private:
  std::string heard_;
};

}  // namespace airlock::executor
