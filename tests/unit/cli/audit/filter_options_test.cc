#include "services/cli/audit/filter_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/time/proto_time.h"
#include "tests/support/status_matchers.h"

namespace airlock::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

TEST(FilterOptionsTest, EveryOptionBecomesItsField) {
  const auto filter = FilterFromOptions({.since = "1h",
                                         .until = "30m",
                                         .agent = "ci-bot",
                                         .action = "http_get",
                                         .outcome = "deny",
                                         .type = "approval_asked",
                                         .text = "rm",
                                         .execution = "e1"},
                                        kNow);

  ASSERT_THAT(filter, IsOk());
  EXPECT_EQ(FromProto(filter->from_time()), kNow - absl::Hours(1));
  EXPECT_EQ(FromProto(filter->to_time()), kNow - absl::Minutes(30));
  EXPECT_EQ(filter->agent(), "ci-bot");
  EXPECT_EQ(filter->action_kind(), airlock::v1::ACTION_KIND_HTTP_GET);
  EXPECT_EQ(filter->outcome(), "deny");
  EXPECT_EQ(filter->type(), airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ASKED);
  EXPECT_EQ(filter->text(), "rm");
  EXPECT_EQ(filter->execution_id(), "e1");
}

TEST(FilterOptionsTest, WithoutOptionsEverythingIsMeant) {
  const auto filter = FilterFromOptions({}, kNow);

  ASSERT_THAT(filter, IsOk());
  EXPECT_EQ(filter->ByteSizeLong(), 0U);
}

TEST(FilterOptionsTest, AnUnknownWordIsRefusedWithThoseThatWouldDo) {
  EXPECT_THAT(FilterFromOptions({.action = "CODE_EXEC"}, kNow),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("--action must be one of code_exec, "),
                             HasSubstr("got \"CODE_EXEC\""))));
  EXPECT_THAT(FilterFromOptions({.type = "unspecified"}, kNow),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--type must be one of request, ")));
  EXPECT_THAT(FilterFromOptions({.until = "soon"}, kNow),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--until must be a time")));
}

}  // namespace
}  // namespace airlock::cli
