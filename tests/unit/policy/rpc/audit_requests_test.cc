#include "services/policy/rpc/audit_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::ExportAuditRecordsRequest;
using airlock::v1::ListAuditRecordsRequest;
using ::testing::HasSubstr;

// Matches the refusal of a request for this field.
auto Refuses(const std::string& field) {
  return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(field + " "));
}

TEST(AuditRequestsTest, AFilterIsTakenAsItIs) {
  ListAuditRecordsRequest request;
  request.set_page_size(7);
  request.set_page_token("12");
  request.mutable_filter()->mutable_from_time()->set_seconds(1);
  request.mutable_filter()->mutable_to_time()->set_seconds(2);
  request.mutable_filter()->set_text("rm -rf");
  request.mutable_filter()->set_type(airlock::v1::AUDIT_EVENT_TYPE_END);

  const absl::StatusOr<AuditQuery> query = AuditQueryFromRequest(request);

  ASSERT_THAT(query, IsOk());
  EXPECT_EQ(query->page_size, 7);
  EXPECT_EQ(query->page_token, "12");
  EXPECT_EQ(query->filter.SerializeAsString(),
            request.filter().SerializeAsString());
}

TEST(AuditRequestsTest, PagesHaveADefaultAndABound) {
  ListAuditRecordsRequest request;
  EXPECT_EQ(AuditQueryFromRequest(request)->page_size, 50);

  request.set_page_size(501);
  EXPECT_EQ(AuditQueryFromRequest(request)->page_size, 500);

  request.set_page_size(-1);
  EXPECT_THAT(AuditQueryFromRequest(request), Refuses("page_size"));
}

TEST(AuditRequestsTest, TimesMustBeTimesInTheirOrder) {
  ListAuditRecordsRequest request;
  request.mutable_filter()->mutable_from_time()->set_seconds(2);
  request.mutable_filter()->mutable_to_time()->set_seconds(2);
  EXPECT_THAT(AuditQueryFromRequest(request), Refuses("filter.to_time"));

  request.mutable_filter()->mutable_to_time()->set_seconds(3);
  EXPECT_THAT(AuditQueryFromRequest(request), IsOk());

  request.mutable_filter()->mutable_from_time()->set_nanos(-1);
  EXPECT_THAT(AuditQueryFromRequest(request), Refuses("filter.from_time"));
  request.mutable_filter()->mutable_to_time()->set_seconds(1LL << 60);
  EXPECT_THAT(AuditQueryFromRequest(request), Refuses("filter.to_time"));
}

TEST(AuditRequestsTest, WordsThatNoRecordHasAreRefused) {
  ListAuditRecordsRequest request;
  request.mutable_filter()->set_type(
      static_cast<airlock::v1::AuditEventType>(99));
  request.mutable_filter()->set_action_kind(
      static_cast<airlock::v1::ActionKind>(99));

  EXPECT_THAT(AuditQueryFromRequest(request), Refuses("filter.type"));
  EXPECT_THAT(AuditQueryFromRequest(request), Refuses("filter.action_kind"));
}

TEST(AuditRequestsTest, EveryTextHasABound) {
  ListAuditRecordsRequest request;
  const std::string longest(300, 'x');
  auto& filter = *request.mutable_filter();
  filter.set_agent(longest);
  filter.set_outcome(longest);
  filter.set_execution_id(longest);
  filter.set_text(longest);
  ASSERT_THAT(AuditQueryFromRequest(request), IsOk());

  filter.mutable_agent()->push_back('x');
  filter.mutable_outcome()->push_back('x');
  filter.mutable_execution_id()->push_back('x');
  filter.mutable_text()->push_back('x');
  request.set_page_token(std::string(1025, 'x'));

  for (const char* field :
       {"filter.agent", "filter.outcome", "filter.execution_id", "filter.text",
        "page_token"}) {
    EXPECT_THAT(AuditQueryFromRequest(request), Refuses(field));
  }
}

TEST(AuditRequestsTest, AnExportEndsWhereItBeginsOrLater) {
  ExportAuditRecordsRequest request;
  EXPECT_THAT(ValidateExport(request), IsOk());

  request.set_from_sequence(5);
  EXPECT_THAT(ValidateExport(request), IsOk());
  request.set_to_sequence(5);
  EXPECT_THAT(ValidateExport(request), IsOk());
  request.set_to_sequence(4);
  EXPECT_THAT(ValidateExport(request), Refuses("to_sequence"));
}

}  // namespace
}  // namespace airlock::policy
