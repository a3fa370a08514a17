// Input that comes after the request, for real processes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/e2e/faults/cluster.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::ExecuteRequest;
using airlock::v1::Outcome;

constexpr std::size_t kChunk = std::size_t{64} << 10U;
constexpr std::size_t kWindow = std::size_t{256} << 10U;
// The pipe, and the windows of policy, executor and runner.
constexpr std::size_t kMostUnderWay = 4 * kWindow;
constexpr std::size_t kMostGrowth = std::size_t{16} << 20U;

ExecuteRequest Interactive(const std::string& line) {
  ExecuteRequest request = Shell(line);
  request.mutable_action()
      ->mutable_system_command()
      ->mutable_input()
      ->set_accepts_later_input(true);
  return request;
}

class StdinTest : public ClusterTest {
 protected:
  absl::StatusOr<airlock::v1::WriteStdinResponse> Write(const std::string& id,
                                                        std::uint64_t offset,
                                                        absl::string_view data,
                                                        bool close) {
    airlock::v1::WriteStdinRequest request;
    request.set_id(id);
    request.set_offset(offset);
    request.set_data(std::string(data));
    request.set_close(close);
    airlock::v1::WriteStdinResponse response;
    const absl::Status status = FromGrpcStatus(
        client_->WriteStdin(Cluster::As("ada").get(), request, &response));
    if (!status.ok()) return status;
    return response;
  }
  void WriteAll(const std::string& id, absl::string_view data) {
    std::uint64_t offset = 0;
    bool closed = false;
    while (!closed) {
      const absl::string_view piece = data.substr(offset, kChunk);
      const bool last = offset + piece.size() == data.size();
      const auto response = Write(id, offset, piece, last);
      ASSERT_THAT(response, IsOk());
      offset = response->next_offset();
      closed = response->closed();
    }
    EXPECT_EQ(offset, data.size());
  }

  std::unique_ptr<airlock::v1::ExecutionService::Stub> client_;
};

TEST_F(StdinTest, TenMegabytesComeBackAsTheyWere) {
  cluster_.StartAll();
  client_ = cluster_.Client();
  std::string data;
  for (int i = 0; data.size() < 10'000'000; ++i) {
    absl::StrAppend(&data, i, std::string("\0\xff\n", 3));
  }
  ASSERT_EQ(cluster_.Execute(Shell("echo warm")).stdout_data, "warm\n");
  const std::size_t policy = cluster_.policy().resident_bytes();
  const std::size_t executor = cluster_.executor().resident_bytes();
  Call call(cluster_, Interactive("cat"));
  ASSERT_TRUE(call.ReadUntilRunning());
  std::thread writer([&] { WriteAll(call.id(), data); });
  const Transcript told = call.Finish();
  writer.join();

  EXPECT_EQ(told.completed.outcome().exit_code(), 0);
  EXPECT_EQ(told.skipped_bytes, 0U);
  EXPECT_TRUE(told.stdout_data == data);
  EXPECT_LT(cluster_.policy().resident_bytes(), policy + kMostGrowth);
  EXPECT_LT(cluster_.executor().resident_bytes(), executor + kMostGrowth);
}

TEST_F(StdinTest, ProcessThatNeverReadsMakesTheCallWaitAndEndsIt) {
  cluster_.StartAll();
  client_ = cluster_.Client();
  Call call(cluster_, Interactive("sleep 5"));
  ASSERT_TRUE(call.ReadUntilRunning());
  const std::string data(kMostUnderWay + kWindow, 'x');
  std::uint64_t offset = 0;
  absl::Status ended;
  while (ended.ok() && offset < data.size()) {
    const auto response =
        Write(call.id(), offset, data.substr(offset, kWindow), false);
    ended = response.status();
    if (response.ok()) offset = response->next_offset();
  }
  const Transcript told = call.Finish();

  EXPECT_EQ(ErrorReason(ended), "EXECUTION_ENDED");
  EXPECT_GE(offset, kWindow);
  EXPECT_LE(offset, kMostUnderWay);
  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(told.completed.outcome().exit_code(), 0);
}

TEST_F(StdinTest, BrokenLinkLosesNoInput) {
  cluster_.policy_link();
  cluster_.StartAll();
  client_ = cluster_.Client();
  Call call(cluster_, Interactive("while read line; do echo $line; done"));
  ASSERT_TRUE(call.ReadUntilRunning());
  ASSERT_THAT(Write(call.id(), 0, "one\n", false), IsOk());
  ASSERT_TRUE(call.ReadUntilOutput(4));
  // This is taken, and never arrives.
  cluster_.policy_link().HoldAnswers(true);
  ASSERT_THAT(Write(call.id(), 4, "two\n", false), IsOk());
  cluster_.policy_link().Stop();
  cluster_.policy_link().HoldAnswers(false);
  cluster_.policy_link().Start();
  ASSERT_THAT(Write(call.id(), 8, "three\n", true), IsOk());

  const Transcript told = call.Finish();
  EXPECT_EQ(told.stdout_data, "one\ntwo\nthree\n");
  EXPECT_EQ(told.completed.outcome().exit_code(), 0);
}

}  // namespace
}  // namespace airlock
