#include "services/policy/audit/standing_entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

namespace airlock::policy {
namespace {

using airlock::v1::AuditRecord;
using airlock::v1::StandingApproval;

StandingApproval Permission() {
  StandingApproval permission;
  permission.set_id("st-1");
  permission.mutable_scope()->set_agent("ci");
  permission.mutable_scope()->set_session("s");
  permission.mutable_scope()->mutable_pattern()->set_action_kind(
      airlock::v1::ACTION_KIND_FILE_WRITE);
  permission.mutable_scope()->mutable_pattern()->set_path("src");
  permission.mutable_create_time()->set_seconds(100);
  permission.mutable_expire_time()->set_seconds(200);
  permission.mutable_end_time()->set_seconds(150);
  permission.set_max_uses(7);
  permission.set_uses(3);
  permission.set_approver("web:bob");
  permission.set_approval_id("ap-1");
  permission.set_comment("why");
  permission.set_summary("agent ci: src");
  return permission;
}

TEST(StandingEntriesTest, GivenOneTellsAllThatWasPermitted) {
  const AuditEntry entry = StandingGivenEntry(Permission(), "v1");

  const AuditRecord& record = entry.record;
  EXPECT_EQ(record.type(), airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ANSWERED);
  EXPECT_EQ(record.outcome(), "standing_given");
  EXPECT_EQ(record.actor(), "web:bob");
  EXPECT_EQ(record.agent(), "ci");
  EXPECT_EQ(record.session(), "s");
  EXPECT_EQ(record.approval_id(), "st-1");
  EXPECT_EQ(record.action_kind(), airlock::v1::ACTION_KIND_FILE_WRITE);
  EXPECT_EQ(record.policy_version(), "v1");
  EXPECT_EQ(record.time().seconds(), 100);
  const nlohmann::json payload = nlohmann::json::parse(entry.payload);
  EXPECT_EQ(payload["question"], "ap-1");
  EXPECT_EQ(payload["comment"], "why");
  EXPECT_EQ(payload["summary"], "agent ci: src");
  EXPECT_EQ(payload["maxUses"], 7);
  EXPECT_EQ(payload["expireTime"], "1970-01-01T00:03:20+00:00");
  EXPECT_EQ(payload["scope"]["pattern"]["path"], "src");
}

TEST(StandingEntriesTest, EndTellsHowAndByWhom) {
  StandingApproval permission = Permission();
  permission.set_state(StandingApproval::STATE_USED_UP);
  AuditEntry entry = StandingEndedEntry(permission);
  EXPECT_EQ(entry.record.type(), airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ENDED);
  EXPECT_EQ(entry.record.outcome(), "standing_used_up");
  EXPECT_EQ(entry.record.actor(), "airlock");
  EXPECT_EQ(entry.record.time().seconds(), 150);
  EXPECT_EQ(nlohmann::json::parse(entry.payload)["uses"], 3);

  permission.set_state(StandingApproval::STATE_REVOKED);
  permission.set_revoked_by("web:eva");
  entry = StandingEndedEntry(permission);
  EXPECT_EQ(entry.record.outcome(), "standing_revoked");
  EXPECT_EQ(entry.record.actor(), "web:eva");
}

}  // namespace
}  // namespace airlock::policy
