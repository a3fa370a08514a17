// Who listens to an execution, and what that does to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "tests/integration/services/stack.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::ExecuteRequest;
using airlock::v1::ExecuteResponse;
using airlock::v1::Outcome;
using airlock::v1::WatchExecutionResponse;

constexpr std::uint64_t kMuch = 20'000'000;
// What may be under way to a client that does not read: windows of ours, and
// what gRPC buffers on the connections.
constexpr std::uint64_t kUnderWay = 4'000'000;

// One stream of events, read by hand.
template <typename Response>
struct Stream {
  std::unique_ptr<airlock::v1::ExecutionService::Stub> stub;
  std::unique_ptr<grpc::ClientContext> context = Stack::As("ada");
  std::unique_ptr<grpc::ClientReader<Response>> reader;

  Transcript ReadToEnd() { return ReadAll<Response>(*reader); }
};

class StreamsTest : public testing::Test {
 protected:
  StreamsTest() {
    stack_.StartExecutor("ex1");
    stack_.WaitReady();
  }

  // Each stream has a connection of its own, as each client has.
  Stream<ExecuteResponse> Execute(const ExecuteRequest& request) {
    Stream<ExecuteResponse> stream;
    stream.stub = stack_.Client();
    stream.reader = stream.stub->Execute(stream.context.get(), request);
    return stream;
  }
  Stream<WatchExecutionResponse> Watch(const std::string& id) {
    airlock::v1::WatchExecutionRequest request;
    request.set_id(id);
    Stream<WatchExecutionResponse> stream;
    stream.stub = stack_.Client();
    stream.reader = stream.stub->WatchExecution(stream.context.get(), request);
    return stream;
  }
  // Reads the first event, which says the execution's id.
  static std::string ReadId(Stream<ExecuteResponse>& stream) {
    ExecuteResponse response;
    EXPECT_TRUE(stream.reader->Read(&response));
    return response.event().accepted().id();
  }
  void WriteLastInput(const std::string& id, const std::string& data) {
    airlock::v1::WriteStdinRequest request;
    request.set_id(id);
    request.set_data(data);
    request.set_close(true);
    airlock::v1::WriteStdinResponse response;
    EXPECT_TRUE(stack_.Client()
                    ->WriteStdin(Stack::As("ada").get(), request, &response)
                    .ok());
    EXPECT_TRUE(response.closed());
  }

  Stack stack_;
};

TEST_F(StreamsTest, EveryWatcherGetsEverything) {
  ExecuteRequest request = Command({"cat"});
  request.mutable_action()
      ->mutable_system_command()
      ->mutable_input()
      ->set_accepts_later_input(true);
  Stream<ExecuteResponse> client = Execute(request);
  const std::string id = ReadId(client);
  std::vector<std::thread> threads;
  std::vector<Transcript> told(4);
  std::atomic<int> attached = 0;
  for (Transcript& transcript : told) {
    threads.emplace_back([&, id] {
      Stream<WatchExecutionResponse> watcher = Watch(id);
      WatchExecutionResponse first;
      EXPECT_TRUE(watcher.reader->Read(&first));
      ++attached;
      transcript = watcher.ReadToEnd();
    });
  }
  while (attached < 4) absl::SleepFor(absl::Milliseconds(1));
  const std::string data("all of it\n\0\xff", 12);
  WriteLastInput(id, data);

  EXPECT_EQ(client.ReadToEnd().stdout_data, data);
  for (std::thread& thread : threads) thread.join();
  for (const Transcript& transcript : told) {
    EXPECT_THAT(transcript.status, IsOk());
    EXPECT_EQ(transcript.stdout_data, data);
    EXPECT_EQ(transcript.completed.outcome().ended_by(),
              Outcome::ENDED_BY_EXITED);
  }
}

TEST_F(StreamsTest, SlowWatcherHoldsUpNobodyAndIsToldWhatItMissed) {
  Stream<ExecuteResponse> client =
      Execute(Command({"spam", std::to_string(kMuch)}));
  Stream<WatchExecutionResponse> slow = Watch(ReadId(client));

  const Transcript all = client.ReadToEnd();
  EXPECT_EQ(all.stdout_data.size(), kMuch);
  EXPECT_EQ(all.skipped_bytes, 0U);

  const Transcript rest = slow.ReadToEnd();
  EXPECT_THAT(rest.status, IsOk());
  EXPECT_GT(rest.skipped_bytes, 0U);
  EXPECT_EQ(rest.stdout_data.size() + rest.skipped_bytes, kMuch);
}

TEST_F(StreamsTest, SlowClientSlowsOnlyItsOwnProcess) {
  Stream<ExecuteResponse> slow =
      Execute(Command({"spam", std::to_string(kMuch)}));
  const std::string id = ReadId(slow);
  // Whoever watches without credit sees how far the process came.
  Stream<WatchExecutionResponse> watcher = Watch(id);
  std::atomic<std::uint64_t> seen = 0;
  std::thread watching([&] {
    WatchExecutionResponse response;
    while (watcher.reader->Read(&response)) {
      seen += response.event().output().data().size();
    }
    EXPECT_TRUE(watcher.reader->Finish().ok());
  });
  for (std::uint64_t before = 1; before != seen;) {
    before = seen;
    absl::SleepFor(absl::Milliseconds(300));
  }
  EXPECT_GT(seen, 0U);
  EXPECT_LT(seen, kUnderWay);
  EXPECT_EQ(stack_.Get("ada", id).state(),
            airlock::v1::Execution::STATE_RUNNING);
  EXPECT_EQ(stack_.Execute("ada", Command({"echo", "fast"})).stdout_data,
            "fast\n");

  const Transcript all = slow.ReadToEnd();
  watching.join();
  EXPECT_EQ(all.stdout_data.size(), kMuch);
  EXPECT_EQ(all.skipped_bytes, 0U);
}

TEST_F(StreamsTest, ProcessGoesOnWhenTheClientThatHeldItUpIsGone) {
  Stream<ExecuteResponse> slow =
      Execute(Command({"spam", std::to_string(kMuch)}));
  const std::string id = ReadId(slow);
  absl::SleepFor(absl::Milliseconds(200));
  slow.context->TryCancel();
  slow.ReadToEnd();

  const Transcript told = stack_.Watch("ada", id);

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(told.completed.outcome().usage().stdout_bytes(), kMuch);
  EXPECT_EQ(told.stdout_data.size() + told.skipped_bytes, kMuch);
}

TEST_F(StreamsTest, SameRequestAttachesAgainAndGetsTheRest) {
  const ExecuteRequest request = Command({"spam", std::to_string(kMuch)});
  Stream<ExecuteResponse> first = Execute(request);
  const std::string id = ReadId(first);
  first.context->TryCancel();
  first.ReadToEnd();

  Stream<ExecuteResponse> second = Execute(request);
  const Transcript told = second.ReadToEnd();

  EXPECT_EQ(told.id, id);
  EXPECT_EQ(told.stdout_data.size() + told.skipped_bytes, kMuch);
  EXPECT_EQ(stack_.backend("ex1").started_processes().size(), 1U);
}

}  // namespace
}  // namespace airlock
