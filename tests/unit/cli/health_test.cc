#include "services/cli/client/health.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/rpc/probe_server.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace airlock::cli {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(10);

class HealthTest : public testing::Test {
 protected:
  HealthTest() : probe_(*ProbeServer::Start("127.0.0.1:0")) {}

  std::string target() const {
    return absl::StrCat("127.0.0.1:", probe_->port());
  }

  std::unique_ptr<ProbeServer> probe_;
};

TEST_F(HealthTest, ServiceThatIsNotReadyIsNotServing) {
  EXPECT_EQ(*AskHealth(target(), "readiness", kTimeout), false);
}

TEST_F(HealthTest, ReadyServiceIsServing) {
  probe_->SetReady(true);

  EXPECT_EQ(*AskHealth(target(), "readiness", kTimeout), true);
}

TEST_F(HealthTest, LivenessIsAnswerOfItsOwn) {
  probe_->SetLive(true);

  EXPECT_EQ(*AskHealth(target(), "liveness", kTimeout), true);
  EXPECT_EQ(*AskHealth(target(), "readiness", kTimeout), false);
}

TEST_F(HealthTest, UnknownServiceIsNotFound) {
  EXPECT_THAT(AskHealth(target(), "nothing", kTimeout).status(),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(HealthTest, NobodyThereIsUnavailable) {
  const std::string old_target = target();
  probe_.reset();

  EXPECT_THAT(AskHealth(old_target, "readiness", kTimeout).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(HealthTest, TooLongNameIsRefused) {
  EXPECT_THAT(AskHealth(target(), std::string(200, 'a'), kTimeout).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace airlock::cli
