#include "common/config/section_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "airlock/config/v1/config.pb.h"
#include "tests/support/problem_matchers.h"

namespace airlock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SectionReaderTest : public testing::Test {
 protected:
  config::v1::Gateway gateway_;
  ProblemList problems_;
  SectionReader reader_{gateway_, "gateway", problems_};
};

TEST_F(SectionReaderTest, AbsentKeysHaveTheirDefaults) {
  EXPECT_FALSE(reader_.Has("listen"));
  EXPECT_EQ(reader_.Listen("listen", "127.0.0.1:7400").port, 7400);
  EXPECT_EQ(reader_.Text("policyTarget", "x"), "x");
  EXPECT_EQ(reader_.Integer("maxCallsPerPrincipal", 5, {1, 9}), 5);
  EXPECT_EQ(reader_.Milliseconds("drainTimeout", absl::Seconds(3)),
            absl::Seconds(3));
  EXPECT_THAT(problems_.problems(), IsEmpty());
}

TEST_F(SectionReaderTest, GivenKeysAreRead) {
  gateway_.set_listen("[::1]:0");
  gateway_.set_drain_timeout(250);

  EXPECT_TRUE(reader_.Has("listen"));
  EXPECT_EQ(reader_.Listen("listen", "127.0.0.1:7400"), (HostPort{"::1", 0}));
  EXPECT_EQ(reader_.Milliseconds("drainTimeout", absl::Seconds(3)),
            absl::Milliseconds(250));
}

TEST_F(SectionReaderTest, RequiredKeysAreMissed) {
  gateway_.set_policy_target("");

  EXPECT_EQ(reader_.RequiredText("tokensPath"), "");
  EXPECT_EQ(reader_.RequiredText("policyTarget"), "");

  EXPECT_THAT(
      problems_.problems(),
      ElementsAre(ErrorAt("gateway.tokensPath", "is required"),
                  ErrorAt("gateway.policyTarget", "must not be empty")));
}

TEST_F(SectionReaderTest, PortZeroIsNobodyToDial) {
  gateway_.set_policy_target("localhost:0");

  EXPECT_EQ(reader_.Dial("policyTarget", "127.0.0.1:7401").port, 7401);
  EXPECT_THAT(problems_.problems(),
              ElementsAre(ErrorAt("gateway.policyTarget", "1 to 65535")));
}

TEST_F(SectionReaderTest, UnknownKeyIsABug) {
  EXPECT_DEATH(reader_.Has("drain_timeout"), "bug: .*Gateway has no key");
}

TEST(ProblemListTest, StatusHasTheErrorsOnly) {
  ProblemList problems;
  problems.AddWarning("a", "is odd");
  EXPECT_TRUE(problems.ToStatus().ok());

  problems.AddError("b.c", "is wrong");
  problems.AddError("b.c", "is wrong");

  EXPECT_EQ(problems.ToStatus().message(), "b.c: is wrong");
  EXPECT_EQ(FormatProblems(problems),
            "warning: a: is odd\nerror: b.c: is wrong\n");
}

TEST(ProblemListTest, TextInMessagesIsEscapedAndCut) {
  EXPECT_EQ(QuoteForMessage("a\n\x1b[31m"), "\"a\\n\\033[31m\"");
  EXPECT_EQ(QuoteForMessage(std::string(100, 'x')),
            "\"" + std::string(80, 'x') + "\"...");
}

}  // namespace
}  // namespace airlock
