// A real runner with several processes at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tests/unit/runner/runner_fixture.h"

namespace airlock::runner {

// As RealRunnerTest, for `parallel` processes.
class ParallelTest : public RealRunnerTest {
 protected:
  // One of several.
  struct Running {
    std::shared_ptr<executor::SandboxProcess> process;
    std::shared_ptr<RecordingObserver> observer;

    executor::ProcessEnd End() const {
      const std::optional<executor::ProcessEnd> end = observer->WaitEnd();
      EXPECT_TRUE(end.has_value()) << "no end was told";
      return end.value_or(executor::ProcessEnd{});
    }
    bool Says(const std::string& text) const {
      return observer->WaitOutput(text);
    }
  };

  Running Start(executor::ProcessSpec spec) {
    if (!client_) StartRunner();
    spec.parallel = true;
    Running running;
    running.observer = std::make_shared<RecordingObserver>();
    running.process = client_->Run(std::move(spec), running.observer);
    return running;
  }

  // The output of a shell line that runs beside the others.
  std::string Look(const std::string& script) {
    const Running look = Start(Shell(script));
    look.End();
    return look.observer->out();
  }

  // Whether so many processes are left besides the runner: at once, or when
  // keepers that have told their last word are gone.
  bool LeavesOnly(int count) const {
    for (int i = 0; i < 2000 && CountLeft() != count; ++i) {
      absl::SleepFor(absl::Milliseconds(5));
    }
    return CountLeft() == count;
  }

  // Waits until a shell line that runs beside the others says so.
  bool Becomes(const std::string& condition) {
    return Look("i=0; until " + condition +
                "; do i=$((i+1)); [ $i -lt 1000 ] || exit; sleep 0.01; done; "
                "echo yes") == "yes\n";
  }
};

}  // namespace airlock::runner
