#include "services/gateway/refusals/refusal_reporter.h"

#include <gmock/gmock.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/fake_clock.h"

namespace airlock::gateway {
namespace {

using testing::HasSubstr;

constexpr char kExecute[] = "airlock.v1.ExecutionService.Execute";

// Takes every report, or none while it is told to fail.
class FakeSender final : public RefusalSender {
 public:
  absl::Status Send(const RefusalReport& report, absl::Time deadline) override {
    if (during_send) during_send();
    last_deadline = deadline;
    ++calls;
    if (status.ok()) reports.push_back(report);
    return status;
  }

  absl::Status status;
  std::function<void()> during_send;
  std::vector<RefusalReport> reports;
  absl::Time last_deadline;
  int calls = 0;
};

class RefusalReporterTest : public testing::Test {
 protected:
  void Guess(const std::string& peer) {
    reporter_.Add(kExecute, "TOKEN_INVALID", "", peer);
  }
  // From as many addresses.
  void GuessFrom(std::size_t addresses) {
    for (std::size_t i = 0; i < addresses; ++i) {
      Guess(absl::StrCat("peer-", i));
    }
  }

  std::string Metrics() const {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }

  prometheus::Registry registry_;
  GatewayMetrics metrics_{registry_};
  FakeClock clock_;
  FakeSender sender_;
  RefusalReporter reporter_{sender_, clock_, metrics_};
};

TEST_F(RefusalReporterTest, ReportTellsWhoTriedWhatFromWhere) {
  reporter_.Add("airlock.v1.ApprovalService.DecideApproval", "ROLE_NOT_ALLOWED",
                "ada", "10.0.0.1");
  reporter_.Report();

  ASSERT_EQ(sender_.reports.size(), 1U);
  ASSERT_EQ(sender_.reports[0].attempts.size(), 1U);
  const RefusedAttempt& told = sender_.reports[0].attempts[0];
  EXPECT_EQ(told.method, "airlock.v1.ApprovalService.DecideApproval");
  EXPECT_EQ(told.reason, "ROLE_NOT_ALLOWED");
  EXPECT_EQ(told.principal, "ada");
  EXPECT_EQ(told.peer_address, "10.0.0.1");
  EXPECT_EQ(told.first_time, clock_.Now());
  EXPECT_EQ(told.count, 1U);
  EXPECT_EQ(sender_.last_deadline,
            clock_.Now() + RefusalReporter::kReportTimeout);
}

TEST_F(RefusalReporterTest, NothingToTellIsNotSent) {
  reporter_.Report();
  Guess("10.0.0.1");
  reporter_.Report();
  reporter_.Report();

  EXPECT_EQ(sender_.calls, 1);
}

TEST_F(RefusalReporterTest, ReportIsBoundedAndTheOthersComeNext) {
  GuessFrom(25);

  for (int i = 0; i < 4; ++i) reporter_.Report();

  ASSERT_EQ(sender_.reports.size(), 3U);
  EXPECT_EQ(sender_.reports[0].attempts.size(),
            RefusalReporter::kMaxAttemptsPerReport);
  EXPECT_EQ(sender_.reports[1].attempts.size(),
            RefusalReporter::kMaxAttemptsPerReport);
  EXPECT_EQ(sender_.reports[2].attempts.size(), 5U);
}

TEST_F(RefusalReporterTest, WhatWasLeftOutIsToldByTheNextReportAndCounted) {
  GuessFrom(RefusalBuffer::kMaxAttempts + 7);

  reporter_.Report();
  reporter_.Report();

  ASSERT_EQ(sender_.reports.size(), 2U);
  EXPECT_EQ(sender_.reports[0].left_out, 7U);
  EXPECT_EQ(sender_.reports[1].left_out, 0U);
  EXPECT_THAT(Metrics(),
              HasSubstr("airlock_gateway_refusals_left_out_total 7"));
}

TEST_F(RefusalReporterTest, WhatCannotBeToldWaits) {
  sender_.status = absl::UnavailableError("nobody there");
  Guess("10.0.0.1");
  reporter_.Report();
  reporter_.Report();
  Guess("10.0.0.1");
  sender_.status = absl::OkStatus();
  reporter_.Report();

  EXPECT_EQ(sender_.calls, 3);
  ASSERT_EQ(sender_.reports.size(), 1U);
  EXPECT_EQ(sender_.reports[0].attempts[0].count, 2U);
  EXPECT_THAT(Metrics(),
              HasSubstr("airlock_gateway_refusals_left_out_total 0"));
}

TEST_F(RefusalReporterTest, WhatFindsNoPlaceAfterAFailureIsCounted) {
  sender_.status = absl::UnavailableError("nobody there");
  // While a report is on its way all places are taken by others.
  Guess("10.0.0.1");
  sender_.during_send = [this] { GuessFrom(RefusalBuffer::kMaxAttempts); };
  reporter_.Report();
  sender_.during_send = nullptr;
  sender_.status = absl::OkStatus();
  reporter_.Report();

  ASSERT_EQ(sender_.reports.size(), 1U);
  EXPECT_EQ(sender_.reports[0].left_out, 1U);
  EXPECT_THAT(Metrics(),
              HasSubstr("airlock_gateway_refusals_left_out_total 1"));
}

TEST_F(RefusalReporterTest, FailureIsSaidInTheLogOnceAndItsEndToo) {
  sender_.status = absl::UnavailableError("nobody there");
  Guess("10.0.0.1");
  testing::internal::CaptureStderr();
  reporter_.Report();
  const std::string first = testing::internal::GetCapturedStderr();
  testing::internal::CaptureStderr();
  reporter_.Report();
  const std::string second = testing::internal::GetCapturedStderr();
  sender_.status = absl::OkStatus();
  testing::internal::CaptureStderr();
  reporter_.Report();
  const std::string third = testing::internal::GetCapturedStderr();

  EXPECT_THAT(first, HasSubstr("do not reach the audit"));
  EXPECT_EQ(second, "");
  EXPECT_THAT(third, HasSubstr("reach the audit again"));
}

TEST_F(RefusalReporterTest, RestIsToldAtOnce) {
  GuessFrom(RefusalBuffer::kMaxAttempts + 1);
  const absl::Time deadline = clock_.Now() + absl::Milliseconds(300);

  reporter_.ReportRest(deadline);
  reporter_.ReportRest(deadline);

  ASSERT_EQ(sender_.reports.size(), 1U);
  EXPECT_EQ(sender_.reports[0].attempts.size(), RefusalBuffer::kMaxAttempts);
  EXPECT_EQ(sender_.reports[0].left_out, 1U);
  EXPECT_EQ(sender_.last_deadline, deadline);
}

TEST_F(RefusalReporterTest, RestThatNobodyTakesIsInTheLog) {
  sender_.status = absl::UnavailableError("nobody there");
  Guess("10.0.0.1");
  Guess("10.0.0.1");
  GuessFrom(RefusalBuffer::kMaxAttempts);

  testing::internal::CaptureStderr();
  reporter_.ReportRest(clock_.Now());
  const std::string log = testing::internal::GetCapturedStderr();

  EXPECT_THAT(log, HasSubstr("missing from the audit"));
  EXPECT_THAT(log, HasSubstr("\"peer_address\":\"10.0.0.1\",\"count\":2"));
  EXPECT_THAT(log, HasSubstr("more refused attempts are missing"));
}

TEST_F(RefusalReporterTest, CallIsNotHeldUpByAReportThatHangs) {
  bool refused = false;
  Guess("10.0.0.1");
  // In the middle of a report calls are refused as ever.
  sender_.during_send = [this, &refused] {
    Guess("10.0.0.2");
    refused = true;
  };

  reporter_.Report();
  sender_.during_send = nullptr;
  reporter_.Report();

  EXPECT_TRUE(refused);
  ASSERT_EQ(sender_.reports.size(), 2U);
  EXPECT_EQ(sender_.reports[1].attempts[0].peer_address, "10.0.0.2");
}

}  // namespace
}  // namespace airlock::gateway
