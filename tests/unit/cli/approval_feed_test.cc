// Against a service over real gRPC.
#include "services/cli/approvals/approval_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/server.h"
#include "tests/support/fake_approval_service.h"
#include "tests/support/status_matchers.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

// Remembers what it is told, as "<id> <state>" and "note".
class RecordingListener final : public ApprovalListener {
 public:
  void OnApproval(const Approval& approval) override {
    Add(absl::StrCat(approval.id(), " ",
                     Approval::State_Name(approval.state())));
  }
  void OnCaughtUp() override { Add("caught up"); }
  void OnNote(absl::string_view text) override {
    absl::MutexLock lock(&mutex_);
    notes_.emplace_back(text);
  }
  // What came, once there are so many.
  std::vector<std::string> Await(std::size_t count) {
    const auto there = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return told_.size() >= count;
    };
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&there), kPatience);
    return told_;
  }
  std::vector<std::string> AwaitNotes(std::size_t count) {
    const auto there = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return notes_.size() >= count;
    };
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&there), kPatience);
    return notes_;
  }

 private:
  void Add(std::string what) {
    absl::MutexLock lock(&mutex_);
    told_.push_back(std::move(what));
  }

  absl::Mutex mutex_;
  std::vector<std::string> told_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> notes_ ABSL_GUARDED_BY(mutex_);
};

class ApprovalFeedTest : public testing::Test {
 protected:
  ApprovalFeedTest() {
    service_.PutSilently(MakePendingApproval("ap1"));
    RpcServerOptions options;
    options.listen = "127.0.0.1:0";
    options.credentials = grpc::InsecureServerCredentials();
    options.services = {
        {airlock::v1::ApprovalService::service_full_name(), &service_}};
    server_ = *RpcServer::Start(options);
    client_ = *AirlockClient::Connect(
        {.endpoint = absl::StrCat("127.0.0.1:", server_->port()),
         .token = Secret("alk_test"),
         .ca_file = "",
         .cert_file = "",
         .key_file = "",
         .plain_text = true});
    feed_ = std::make_unique<ApprovalFeed>(*client_, "", listener_);
  }
  ~ApprovalFeedTest() override { EXPECT_THAT(Stop(), IsOk()); }

  void Start() {
    thread_ = std::thread([this] { ended_ = feed_->Run(); });
  }
  absl::Status Stop() {
    feed_->Stop();
    return Join();
  }
  absl::Status Join() {
    if (thread_.joinable()) thread_.join();
    return std::exchange(ended_, absl::OkStatus());
  }
  Approval WithState(const std::string& id, Approval::State state) {
    Approval approval = service_.Get(id);
    approval.set_state(state);
    return approval;
  }

  FakeApprovalService service_;
  RecordingListener listener_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<AirlockClient> client_;
  std::unique_ptr<ApprovalFeed> feed_;
  absl::Status ended_;
  std::thread thread_;
};

TEST_F(ApprovalFeedTest, PendingOnesComeFirstThenChanges) {
  Start();
  listener_.Await(2);

  service_.Put(WithState("ap1", Approval::STATE_APPROVED));

  EXPECT_THAT(listener_.Await(3), ElementsAre("ap1 STATE_PENDING", "caught up",
                                              "ap1 STATE_APPROVED"));
  EXPECT_THAT(Stop(), IsOk());
}

TEST_F(ApprovalFeedTest, BrokenStreamIsOpenedAgainAndTellsNothingTwice) {
  Start();
  listener_.Await(2);

  service_.BreakStreams();
  ASSERT_TRUE(service_.AwaitStreams(2));
  EXPECT_THAT(
      listener_.AwaitNotes(2),
      ElementsAre(HasSubstr("the connection broke"), "connected again"));
  service_.Put(MakePendingApproval("ap2"));

  EXPECT_THAT(listener_.Await(3), ElementsAre("ap1 STATE_PENDING", "caught up",
                                              "ap2 STATE_PENDING"));
}

TEST_F(ApprovalFeedTest, WhatEndedMeanwhileIsToldWithItsEnd) {
  Start();
  listener_.Await(2);

  service_.PutSilently(WithState("ap1", Approval::STATE_REJECTED));
  service_.BreakStreams();

  EXPECT_THAT(listener_.Await(3), ElementsAre("ap1 STATE_PENDING", "caught up",
                                              "ap1 STATE_REJECTED"));
}

TEST_F(ApprovalFeedTest, WhatAnotherTryWouldNotMendEndsIt) {
  service_.RefuseStreams(
      grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not you"));
  Start();

  EXPECT_THAT(Join(), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(ApprovalFeedTest, StopEndsAFeedThatWaitsForAConnection) {
  server_.reset();
  Start();
  EXPECT_THAT(listener_.AwaitNotes(1), ElementsAre(HasSubstr("trying again")));

  EXPECT_THAT(Stop(), IsOk());
}

TEST_F(ApprovalFeedTest, StopBeforeRunEndsItAtOnce) {
  feed_->Stop();

  EXPECT_THAT(feed_->Run(), IsOk());
}

}  // namespace
}  // namespace airlock::cli
