#include "services/policy/dispatch/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "airlock/internal/v1/spec.pb.h"
#include "common/security/sortable_id.h"
#include "common/time/proto_time.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Execution;
using airlock::v1::ListExecutionsRequest;
using airlock::v1::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Principal& Auditor() {
  static const auto* const kAuditor =
      new Principal{"eve", airlock::v1::PRINCIPAL_ROLE_AUDITOR};
  return *kAuditor;
}

// Matches the refusal of a request for this field.
auto Refuses(const std::string& field) {
  return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(field + " "));
}

TEST(QueryFromRequestTest, EveryFilterIsTaken) {
  ListExecutionsRequest request;
  request.set_agent("ada");
  request.set_action_kind(airlock::v1::ACTION_KIND_HTTP_GET);
  request.set_state(Execution::STATE_FINISHED);
  request.set_ended_by(Outcome::ENDED_BY_EXITED);
  request.mutable_from_time()->set_seconds(1);
  request.mutable_to_time()->set_seconds(2);
  request.set_text("rm -rf");
  request.set_page_size(7);
  request.set_page_token(NewSortableId(absl::UnixEpoch()));

  const auto query = QueryFromRequest(Auditor(), request);

  ASSERT_THAT(query, IsOk());
  EXPECT_EQ(query->agent, "ada");
  EXPECT_EQ(query->action_kind, airlock::v1::ACTION_KIND_HTTP_GET);
  EXPECT_EQ(query->state, Execution::STATE_FINISHED);
  EXPECT_EQ(query->ended_by, Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(query->from, absl::FromUnixSeconds(1));
  EXPECT_EQ(query->to, absl::FromUnixSeconds(2));
  EXPECT_EQ(query->text, "rm -rf");
  EXPECT_EQ(query->page_size, 7);
  EXPECT_EQ(query->page_token, request.page_token());
}

TEST(QueryFromRequestTest, WhatIsUnsetLetsEverythingThrough) {
  const auto query = QueryFromRequest(Auditor(), {});

  ASSERT_THAT(query, IsOk());
  EXPECT_EQ(query->from, absl::InfinitePast());
  EXPECT_EQ(query->to, absl::InfiniteFuture());
}

TEST(QueryFromRequestTest, EveryFieldIsChecked) {
  ListExecutionsRequest request;
  request.set_action_kind(static_cast<airlock::v1::ActionKind>(99));
  request.set_state(static_cast<Execution::State>(99));
  request.set_ended_by(static_cast<Outcome::EndedBy>(99));
  request.mutable_from_time()->set_seconds(2);
  request.mutable_to_time()->set_seconds(2);
  request.set_text(std::string(201, 'x'));
  request.set_page_token("nonsense");

  const auto refused = QueryFromRequest(Auditor(), request);

  for (const char* field :
       {"action_kind", "state", "ended_by", "to_time", "text", "page_token"}) {
    EXPECT_THAT(refused, Refuses(field));
  }
  request.Clear();
  request.set_text(std::string(200, 'x'));
  EXPECT_THAT(QueryFromRequest(Auditor(), request), IsOk());
}

TEST(QueryFromRequestTest, OnlyAgentsAreHeldToTheirOwn) {
  const Principal agent{"ada", airlock::v1::PRINCIPAL_ROLE_AGENT};
  const Principal approver{"ann", airlock::v1::PRINCIPAL_ROLE_APPROVER};
  ListExecutionsRequest request;

  EXPECT_EQ(QueryFromRequest(agent, request)->agent, "ada");
  EXPECT_EQ(QueryFromRequest(approver, request)->agent, "");
  request.set_agent("bob");
  EXPECT_THAT(QueryFromRequest(agent, request),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(QueryFromRequest(approver, request)->agent, "bob");
}

Execution At(const std::string& id, Execution::State state) {
  Execution execution;
  execution.set_id(id);
  execution.set_agent("ada");
  execution.set_state(state);
  return execution;
}

class MergePageTest : public testing::Test {
 protected:
  // The ids of a page of the store's after `live` was added.
  std::vector<std::string> Merge(const std::vector<Execution>& live) {
    std::vector<LiveExecution> all;
    for (const Execution& each : live) all.push_back({each, spec_});
    MergePage(query_, all, page_);
    std::vector<std::string> ids;
    for (const Execution& each : page_.executions) ids.push_back(each.id());
    return ids;
  }

  ExecutionQuery query_;
  ExecutionPage page_;
  std::string spec_;
};

TEST_F(MergePageTest, NewerStateIsTheOneThatCounts) {
  query_.state = Execution::STATE_RUNNING;
  // As the store knows it.
  page_.executions = {At("e2", Execution::STATE_RUNNING)};

  EXPECT_THAT(Merge({At("e1", Execution::STATE_RUNNING),
                     At("e2", Execution::STATE_QUEUED)}),
              ElementsAre("e1"));
}

TEST_F(MergePageTest, TextIsLookedForInWhatIsNotRecordedYet) {
  airlock::internal::v1::ExecutionSpec spec;
  spec.set_agent("ada");
  spec.mutable_action()->mutable_system_command()->set_shell("make");
  spec_ = spec.SerializeAsString();
  query_.text = "mak";
  EXPECT_THAT(Merge({At("e1", Execution::STATE_QUEUED)}), ElementsAre("e1"));

  query_.text = "ada";
  page_ = {};
  EXPECT_THAT(Merge({At("e1", Execution::STATE_QUEUED)}), IsEmpty());
}

TEST_F(MergePageTest, PageThatIsFullIsCutAndGoesOnThere) {
  query_.page_size = 2;
  page_.executions = {At("e3", Execution::STATE_FINISHED),
                      At("e1", Execution::STATE_FINISHED)};

  EXPECT_THAT(Merge({At("e2", Execution::STATE_QUEUED)}),
              ElementsAre("e3", "e2"));
  EXPECT_EQ(page_.next_page_token, "e2");
}

TEST_F(MergePageTest, WhatTheStoreHasNotLookedAtIsForALaterPage) {
  // It gave up before it found more.
  page_.executions = {At("e9", Execution::STATE_FINISHED)};
  page_.next_page_token = "e5";

  EXPECT_THAT(Merge({At("e2", Execution::STATE_QUEUED),
                     At("e6", Execution::STATE_QUEUED)}),
              ElementsAre("e9", "e6"));
  EXPECT_EQ(page_.next_page_token, "e5");
}

TEST_F(MergePageTest, LaterPageHasNothingOfAnEarlierOne) {
  query_.page_token = "e5";

  EXPECT_THAT(Merge({At("e5", Execution::STATE_QUEUED),
                     At("e7", Execution::STATE_QUEUED),
                     At("e4", Execution::STATE_QUEUED)}),
              ElementsAre("e4"));
  EXPECT_EQ(page_.next_page_token, "");
}

}  // namespace
}  // namespace airlock::policy
