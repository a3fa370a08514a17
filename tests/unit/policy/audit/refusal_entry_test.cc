#include "services/policy/audit/refusal_entry.h"

#include <gmock/gmock.h>

#include "common/json/canonical_json.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

TEST(RefusalEntryTest, TellsWhoTriedWhatHowOftenAndFromWhere) {
  Refusal refusal;
  refusal.actor = "ada";
  refusal.agent = "bob";
  refusal.reason = "TOKEN_INVALID";
  refusal.method = "airlock.v1.ExecutionService.Execute";
  refusal.message = "no";
  refusal.peer_address = "10.0.0.1";
  refusal.reported_by = "gateway 10.0.0.2";
  refusal.count = 12;
  refusal.first_time = absl::FromUnixSeconds(1'600'000'000);

  const AuditEntry entry = RefusalEntry(refusal, /*left_out=*/3, kNow);

  EXPECT_EQ(entry.record.type(), airlock::v1::AUDIT_EVENT_TYPE_REFUSED);
  EXPECT_EQ(entry.record.actor(), "ada");
  EXPECT_EQ(entry.record.agent(), "bob");
  EXPECT_EQ(entry.record.outcome(), "refused");
  EXPECT_EQ(entry.record.reason(), "TOKEN_INVALID");
  EXPECT_EQ(FromProto(entry.record.time()), kNow);
  EXPECT_EQ(entry.payload,
            R"({"method":"airlock.v1.ExecutionService.Execute",)"
            R"("message":"no","peerAddress":"10.0.0.1",)"
            R"("reportedBy":"gateway 10.0.0.2","count":12,)"
            R"("firstTime":"2020-09-13T12:26:40+00:00","leftOutBefore":3})");
  EXPECT_EQ(CanonicalJson(entry.payload), entry.payload);
}

TEST(RefusalEntryTest, WhatThereIsNothingToSayOfIsLeftOut) {
  Refusal refusal;
  refusal.method = "a.B.C";

  EXPECT_EQ(RefusalEntry(refusal, /*left_out=*/0, kNow).payload,
            R"({"method":"a.B.C"})");
}

TEST(RefusalEntryTest, TextFromElsewhereIsBoundedAndUtf8) {
  const std::string long_text(10'000, 'x');
  Refusal refusal;
  refusal.actor = "\xFF";
  refusal.agent = refusal.reason = long_text;
  refusal.method = refusal.message = long_text;
  refusal.peer_address = refusal.reported_by = long_text;

  const AuditEntry entry = RefusalEntry(refusal, /*left_out=*/0, kNow);

  EXPECT_EQ(entry.record.actor(), "\xEF\xBF\xBD");
  EXPECT_EQ(entry.record.agent(), std::string(256, 'x') + "...");
  EXPECT_EQ(entry.record.reason(), std::string(256, 'x') + "...");
  EXPECT_LT(entry.payload.size(), 16'600U);
}

}  // namespace
}  // namespace airlock::policy
