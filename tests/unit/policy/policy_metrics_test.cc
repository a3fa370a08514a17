#include "services/policy/policy_metrics.h"

#include <gmock/gmock.h>
#include <prometheus/text_serializer.h>

#include <string>

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class PolicyMetricsTest : public testing::Test {
 protected:
  std::string Text() const {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }

  prometheus::Registry registry_;
  PolicyMetrics metrics_{registry_};
};

TEST_F(PolicyMetricsTest, FailuresAreZeroBeforeTheFirst) {
  EXPECT_THAT(
      Text(),
      AllOf(HasSubstr("airlock_store_failures_total 0\n"),
            HasSubstr("airlock_audit_failures_total 0\n"),
            HasSubstr("airlock_policy_reloads_total{result=\"refused\"} 0\n"),
            HasSubstr("airlock_policy_reloads_total{result=\"ok\"} 0\n"),
            HasSubstr("airlock_policy_frozen 0\n"),
            HasSubstr("airlock_approvals_pending 0\n")));
}

TEST_F(PolicyMetricsTest, PendingApprovalsHaveTheAgeOfTheOldest) {
  metrics_.SetApprovalsPending(3, absl::Milliseconds(1500));
  EXPECT_THAT(Text(),
              AllOf(HasSubstr("airlock_approvals_pending 3\n"),
                    HasSubstr("airlock_approval_oldest_pending_seconds 1.5")));

  metrics_.SetApprovalsPending(0, absl::Seconds(9));
  EXPECT_THAT(Text(), HasSubstr("airlock_approval_oldest_pending_seconds 0"));
}

TEST_F(PolicyMetricsTest, ApprovalsCountByChannelAndDecision) {
  metrics_.CountApproval("telegram", Approval::STATE_APPROVED,
                         absl::Seconds(20));
  metrics_.CountApproval("telegram", Approval::STATE_EXPIRED,
                         absl::Seconds(300));

  EXPECT_THAT(
      Text(),
      AllOf(HasSubstr("airlock_approvals_total{channel=\"telegram\","
                      "decision=\"approved\"} 1\n"),
            HasSubstr("airlock_approvals_total{channel=\"telegram\","
                      "decision=\"expired\"} 1\n"),
            HasSubstr("airlock_approval_wait_seconds_bucket{channel="
                      "\"telegram\",decision=\"approved\",le=\"15\"} 0\n"),
            HasSubstr("airlock_approval_wait_seconds_bucket{channel="
                      "\"telegram\",decision=\"approved\",le=\"30\"} 1\n")));
}

TEST_F(PolicyMetricsTest, UnknownChannelMakesNoSeriesOfItsOwn) {
  metrics_.CountApproval("of an agent", Approval::STATE_REJECTED,
                         absl::Seconds(1));

  EXPECT_THAT(Text(), AllOf(HasSubstr("channel=\"other\""),
                            Not(HasSubstr("of an agent"))));
}

TEST_F(PolicyMetricsTest, CommitTellsItsTimeAndItsGroup) {
  metrics_.ObserveCommit(absl::Milliseconds(2), 5);
  metrics_.CountStoreFailure();

  EXPECT_THAT(
      Text(),
      AllOf(HasSubstr("airlock_store_commit_seconds_bucket{le=\"0.001\"} 0\n"),
            HasSubstr("airlock_store_commit_seconds_bucket{le=\"0.0025\"} 1\n"),
            HasSubstr("airlock_store_group_transactions_sum 5\n"),
            HasSubstr("airlock_store_failures_total 1\n")));
}

TEST_F(PolicyMetricsTest, AuditTellsRecordsFailuresAndItsLastCheckpoint) {
  metrics_.CountAuditRecord(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ASKED);
  metrics_.CountAuditFailure();
  metrics_.SetAuditCheckpoint(absl::FromUnixSeconds(1700000000));

  EXPECT_THAT(
      Text(),
      AllOf(
          HasSubstr("airlock_audit_records_total{type=\"approval_asked\"} 1\n"),
          HasSubstr("airlock_audit_failures_total 1\n"),
          HasSubstr(
              "airlock_audit_last_checkpoint_timestamp_seconds 1700000000")));
}

TEST_F(PolicyMetricsTest, ReloadsCountByResult) {
  metrics_.CountReload(true);
  metrics_.CountReload(false);
  metrics_.CountReload(false);
  metrics_.SetFrozen(2);

  EXPECT_THAT(
      Text(),
      AllOf(HasSubstr("airlock_policy_reloads_total{result=\"ok\"} 1\n"),
            HasSubstr("airlock_policy_reloads_total{result=\"refused\"} 2\n"),
            HasSubstr("airlock_policy_frozen 2\n")));
}

}  // namespace
}  // namespace airlock::policy
