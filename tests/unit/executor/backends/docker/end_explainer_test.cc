#include "services/executor/backends/docker/end_explainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "services/executor/sandbox/process_end.h"
#include "tests/unit/executor/backends/docker/fake_engine.h"

namespace airlock::executor {
namespace {

using testing::HasSubstr;

ProcessEnd Lost(const std::string& reason = "STREAM_ENDED") {
  ProcessEnd end;
  end.ended_by = EndedBy::kSandboxFailed;
  end.reason = reason;
  return end;
}

class EndExplainerTest : public testing::Test {
 protected:
  EndExplainerTest() { engine_.state.containers["c"] = "name"; }

  ProcessEnd Explain() {
    return ExplainEnd(Lost(), engine_.containers, "c",
                      absl::Now() + absl::Milliseconds(200));
  }

  FakeEngine engine_;
};

TEST_F(EndExplainerTest, ContainerThatRanOutOfMemoryIsToldApart) {
  engine_.state.state = {
      {"Running", false}, {"OOMKilled", true}, {"ExitCode", 137}};

  const ProcessEnd end = Explain();

  EXPECT_EQ(end.ended_by, EndedBy::kOutOfMemory);
  EXPECT_TRUE(end.hit_memory);
  EXPECT_TRUE(end.empty);
}

TEST_F(EndExplainerTest, ExitCodeOfTheContainerIsTold) {
  engine_.state.state = {{"Running", false}, {"ExitCode", 2}};

  const ProcessEnd end = Explain();

  EXPECT_EQ(end.ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(end.reason, "CONTAINER_EXITED");
  EXPECT_THAT(end.message, HasSubstr("exit code 2"));
}

TEST_F(EndExplainerTest, RemovedContainerIsTold) {
  engine_.state.containers.clear();

  EXPECT_EQ(Explain().reason, "CONTAINER_REMOVED");
  EXPECT_TRUE(Explain().empty);
}

TEST_F(EndExplainerTest, SilentEngineProvesNothing) {
  engine_.state.fails_with = 500;

  const ProcessEnd end = Explain();

  EXPECT_EQ(end.reason, "ENGINE_UNAVAILABLE");
  EXPECT_FALSE(end.empty);
}

TEST_F(EndExplainerTest, ContainerThatStillRunsProvesNothing) {
  const ProcessEnd end = Explain();

  EXPECT_EQ(end.ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(end.reason, "STREAM_ENDED");
  EXPECT_FALSE(end.empty);
}

class LastEnd final : public ProcessObserver {
 public:
  void OnStarted() override {}
  void OnOutput(Stream /*stream*/, absl::string_view /*data*/) override {}
  void OnInputCredit(std::uint64_t /*limit_bytes*/) override {}
  void OnEnded(const ProcessEnd& end) override {
    end_ = end;
    ended_.Notify();
  }
  ProcessEnd Wait() {
    EXPECT_TRUE(ended_.WaitForNotificationWithTimeout(absl::Seconds(20)));
    return end_;
  }

 private:
  absl::Notification ended_;
  ProcessEnd end_;
};

TEST_F(EndExplainerTest, OnlyLostSandboxesAreLookedUp) {
  engine_.state.state = {{"Running", false}, {"ExitCode", 2}};
  WorkerPool workers(1, 10);
  const auto explain = [&](const ProcessEnd& end) {
    const auto last = std::make_shared<LastEnd>();
    MakeEndExplainer(last, engine_.containers, workers, "c")->OnEnded(end);
    return last->Wait().reason;
  };

  ProcessEnd exited;
  exited.ended_by = EndedBy::kExited;
  EXPECT_EQ(explain(exited), "");
  EXPECT_EQ(explain(Lost(kDestroyedReason)), kDestroyedReason);
  EXPECT_EQ(explain(Lost()), "CONTAINER_EXITED");
}

TEST_F(EndExplainerTest, EndIsToldEvenWhenNobodyHasTimeToExplain) {
  WorkerPool workers(1, 1);
  absl::Notification go;
  absl::Notification busy;
  ASSERT_TRUE(workers.TrySubmit([&] {
    busy.Notify();
    go.WaitForNotification();
  }));
  busy.WaitForNotification();
  ASSERT_TRUE(workers.TrySubmit([] {}));
  const auto last = std::make_shared<LastEnd>();

  MakeEndExplainer(last, engine_.containers, workers, "c")->OnEnded(Lost());

  EXPECT_EQ(last->Wait().reason, "STREAM_ENDED");
  go.Notify();
}

}  // namespace
}  // namespace airlock::executor
