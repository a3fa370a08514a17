// Measures a warm pool over a real engine:
//
//   warm_pool_bench [SANDBOXES]
//
// What one that waits holds of the machine's memory, all included; what a claim
// costs; how long /bin/true takes in another sandbox, alone and while a refill
// is always under way. Leaves nothing.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "common/time/clock.h"
#include "services/executor/sandbox/warm_pool.h"
#include "tests/contract/sandbox_backend/docker_fixture.h"

namespace airlock {
namespace {

constexpr int kRuns = 300;
constexpr absl::Duration kSettle = absl::Seconds(3);

// From /proc/meminfo, in bytes.
std::int64_t AvailableMemory() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::int64_t kilobytes = 0;
  std::string unit;
  while (file >> name >> kilobytes >> unit) {
    if (name == "MemAvailable:") break;
  }
  return kilobytes << 10;
}

double At(std::vector<double>& sorted, double share) {
  std::sort(sorted.begin(), sorted.end());
  return sorted[static_cast<std::size_t>(
      share * static_cast<double>(sorted.size() - 1))];
}

void PrintTimes(const char* what, std::vector<double> micros) {
  std::cout << std::left << std::setw(36) << what << std::right << std::fixed
            << std::setprecision(0) << std::setw(8) << At(micros, 0.5)
            << std::setw(8) << At(micros, 0.9) << std::setw(8)
            << At(micros, 0.99) << "\n";
}

double RunOnce(executor::Sandbox& sandbox) {
  const absl::Time begin = absl::Now();
  RunIn(sandbox, TestProcess({"/bin/true"}));
  return absl::ToDoubleMicroseconds(absl::Now() - begin);
}

class Bench {
 public:
  explicit Bench(std::size_t size)
      : size_(size), backend_(*executor::DockerBackend::Open(TestOptions())) {
    // The runner's volume, once.
    (*backend_->Create(TestSpec(), "", Soon(), nullptr)).reset();
    pool_ = std::make_unique<executor::WarmPool>(
        std::vector<executor::WarmTarget>{
            {.spec = TestSpec(), .size = size, .max_age = absl::Hours(1)}},
        executor::WarmPoolServices{.backend = *backend_,
                                   .quota = quota_,
                                   .reaper = reaper_,
                                   .clock = clock_,
                                   .metrics = metrics_,
                                   .on_backend_trouble = [] {}});
  }

  void Run() {
    MeasureMemory();
    std::cout
        << "microseconds                             p50     p90     p99\n";
    MeasureClaims();
    MeasureRuns();
    pool_->Close();
    pool_->AwaitEmpty(Soon());
  }

 private:
  void Fill() {
    pool_->SetBackend(true, {});
    while (pool_->ready() < size_) {
      pool_->Tick();
      absl::SleepFor(absl::Milliseconds(10));
    }
  }
  void MeasureMemory() {
    // What was needed only for a moment is given back.
    absl::SleepFor(kSettle);
    const std::int64_t before = AvailableMemory();
    const absl::Time begin = absl::Now();
    Fill();
    const absl::Duration took = absl::Now() - begin;
    absl::SleepFor(kSettle);
    const std::int64_t used = before - AvailableMemory();
    std::cout << size_ << " sandboxes: " << took / size_ << " each, "
              << used / static_cast<std::int64_t>(size_) / 1024
              << " KiB each, all included\n";
  }
  void MeasureClaims() {
    std::vector<double> micros;
    std::vector<std::unique_ptr<executor::Sandbox>> claimed;
    micros.reserve(size_);
    claimed.reserve(size_);
    while (true) {
      const absl::Time begin = absl::Now();
      auto sandbox = pool_->Claim(TestSpec());
      if (sandbox == nullptr) break;
      micros.push_back(absl::ToDoubleMicroseconds(absl::Now() - begin));
      claimed.push_back(std::move(sandbox));
    }
    PrintTimes("claim", micros);
  }
  void MeasureRuns() {
    const auto other = *backend_->Create(TestSpec(), "", Soon(), nullptr);
    std::vector<double> alone;
    alone.reserve(kRuns);
    for (int i = 0; i < kRuns; ++i) alone.push_back(RunOnce(*other));
    PrintTimes("/bin/true, alone", alone);

    std::vector<double> during;
    while (during.size() < kRuns) {
      // Something is always missing.
      while (pool_->Claim(TestSpec()) != nullptr) continue;
      pool_->Tick();
      during.push_back(RunOnce(*other));
      absl::SleepFor(absl::Milliseconds(10));
    }
    PrintTimes("/bin/true, during a refill", during);
  }

  const std::size_t size_;
  const std::unique_ptr<executor::DockerBackend> backend_;
  SystemClock clock_;
  prometheus::Registry registry_;
  executor::ExecutorMetrics metrics_{registry_};
  executor::SandboxQuota quota_{1000};
  executor::SandboxReaper reaper_{2, 1000, metrics_};
  std::unique_ptr<executor::WarmPool> pool_;
};

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  if (!airlock::EngineIsThere()) {
    std::cerr << "no engine answers: run deploy/engine.sh\n";
    return 1;
  }
  const int size = argc > 1 ? std::atoi(argv[1]) : 20;
  airlock::Bench(static_cast<std::size_t>(std::max(size, 1))).Run();
  return 0;
}
