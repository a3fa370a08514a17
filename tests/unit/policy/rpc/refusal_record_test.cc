#include "services/policy/rpc/refusal_record.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "common/status/error.h"
#include "tests/support/fake_clock.h"

namespace airlock::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

Refusal Guess(std::uint64_t count = 1) {
  Refusal refusal;
  refusal.method = "airlock.v1.ExecutionService.Execute";
  refusal.reason = "TOKEN_INVALID";
  refusal.count = count;
  return refusal;
}

class RefusalRecordTest : public testing::Test {
 protected:
  // As many as are told at once.
  void Flood() {
    for (int i = 0; i < 100; ++i) record_.Add(Guess());
    ASSERT_EQ(written_.size(), 100U);
  }

  FakeClock clock_;
  std::vector<AuditEntry> written_;
  RefusalRecord record_{clock_, [this](AuditEntry entry) {
                          written_.push_back(std::move(entry));
                        }};
};

TEST_F(RefusalRecordTest, RefusalIsWritten) {
  record_.Add(Guess());

  ASSERT_EQ(written_.size(), 1U);
  EXPECT_EQ(written_[0].record.type(), airlock::v1::AUDIT_EVENT_TYPE_REFUSED);
  EXPECT_EQ(written_[0].record.reason(), "TOKEN_INVALID");
  EXPECT_THAT(written_[0].payload, Not(HasSubstr("leftOutBefore")));
}

TEST_F(RefusalRecordTest, FloodIsCutAndItsRestToldByTheNextRecord) {
  Flood();
  record_.Add(Guess());
  record_.Add(Guess(/*count=*/5));
  EXPECT_EQ(written_.size(), 100U);

  clock_.Advance(absl::Milliseconds(100));
  record_.Add(Guess());
  record_.Add(Guess());

  ASSERT_EQ(written_.size(), 101U);
  EXPECT_THAT(written_[100].payload, HasSubstr(R"("leftOutBefore":6)"));
}

TEST_F(RefusalRecordTest, TenASecondAreWrittenAfterAFlood) {
  Flood();

  clock_.Advance(absl::Seconds(1));
  for (int i = 0; i < 50; ++i) record_.Add(Guess());

  EXPECT_EQ(written_.size(), 110U);
}

TEST_F(RefusalRecordTest, WhatNoRecordFollowsIsToldByOneOfItsOwn) {
  Flood();
  record_.Add(Guess());
  record_.Add(Guess());

  clock_.Advance(absl::Milliseconds(999));
  record_.Tick();
  EXPECT_EQ(written_.size(), 100U);
  clock_.Advance(absl::Milliseconds(1));
  record_.Tick();
  record_.Tick();

  ASSERT_EQ(written_.size(), 101U);
  EXPECT_EQ(written_[100].record.reason(), "REFUSALS_LEFT_OUT");
  EXPECT_THAT(written_[100].payload, HasSubstr(R"("count":2)"));
}

TEST_F(RefusalRecordTest, WhatOthersLeftOutIsToldToo) {
  record_.AddLeftOut(7);
  record_.Add(Guess());
  record_.AddLeftOut(3);
  clock_.Advance(absl::Seconds(1));
  record_.Tick();

  ASSERT_EQ(written_.size(), 2U);
  EXPECT_THAT(written_[0].payload, HasSubstr(R"("leftOutBefore":7)"));
  EXPECT_THAT(written_[1].payload, HasSubstr(R"("count":3)"));
}

TEST_F(RefusalRecordTest, EndTellsWhatNothingHasTold) {
  EXPECT_FALSE(record_.TakeUntold().has_value());

  record_.AddLeftOut(4);
  const auto untold = record_.TakeUntold();

  ASSERT_TRUE(untold.has_value());
  EXPECT_THAT(untold->payload, HasSubstr(R"("count":4)"));
  EXPECT_FALSE(record_.TakeUntold().has_value());
}

TEST(RefusalFromTest, PrincipalIsThatOfTheCallOrOfItsStatus) {
  const absl::Status bare = MakeError(absl::StatusCode::kPermissionDenied,
                                      "OTHER_AGENT", "only your own");
  const absl::Status named =
      MakeError(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED", "no",
                {{"principal", "bob"}});

  const Refusal refusal = RefusalFrom({"a.B.C", bare, "10.0.0.1", "ada"});

  EXPECT_EQ(refusal.actor, "ada");
  EXPECT_EQ(refusal.method, "a.B.C");
  EXPECT_EQ(refusal.reason, "OTHER_AGENT");
  EXPECT_EQ(refusal.message, "only your own");
  EXPECT_EQ(refusal.peer_address, "10.0.0.1");
  EXPECT_EQ(RefusalFrom({"a.B.C", named, "", ""}).actor, "bob");
}

TEST(RefusalFromTest, ApproverIsToldByChannelWithTheAgentItIsAbout) {
  const absl::Status status =
      MakeError(absl::StatusCode::kPermissionDenied, "SELF_APPROVAL", "no",
                {{"approver", "web:ann"}, {"agent", "ada"}});

  const Refusal refusal = RefusalFrom({"a.B.C", status, "", "ann"});

  EXPECT_EQ(refusal.actor, "web:ann");
  EXPECT_EQ(refusal.agent, "ada");
}

}  // namespace
}  // namespace airlock::policy
