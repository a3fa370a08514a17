#include "services/cli/audit/record_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sample_chain.h"

namespace airlock::cli {
namespace {

using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Would hide or turn around what stands beside it on a terminal.
constexpr char kHostile[] = "\x1B[2J\xE2\x80\xAE";

TEST(RecordTextTest, ARowSaysWhoDidWhatWhen) {
  AuditRecord record;
  ASSERT_TRUE(record.ParseFromString(SampleChain(1).front().record()));

  EXPECT_THAT(RecordCells(record),
              ElementsAre("1", "2027-01-15T08:00:01Z", "request", "ci-bot",
                          "ci-bot", "code_exec", "allow", "NO_RULE", "e1"));
  EXPECT_EQ(RecordCells(record).size(), RecordColumns().size());
}

TEST(RecordTextTest, WhatIsNotSetIsADash) {
  AuditRecord record;
  record.set_sequence(7);

  EXPECT_THAT(RecordCells(record), ElementsAre("7", "-", "unspecified", "-",
                                               "-", "-", "-", "-", "-"));
}

TEST(RecordTextTest, NoTextReachesTheTerminalAsItIs) {
  AuditRecord record;
  record.set_actor(kHostile);
  record.set_agent(kHostile);
  record.set_outcome(kHostile);
  record.set_reason(kHostile);
  record.set_execution_id(kHostile);
  record.set_rule(kHostile);
  EXPECT_THAT(RecordCells(record),
              Each(AllOf(Not(HasSubstr("\x1B")), Not(HasSubstr("\xE2\x80")))));
  ChainHead head{.writer = kHostile};

  const std::string json =
      RecordText(Seal(head, record, "{\"a\":\"\\u001b[2J\xE2\x80\xAE\"}"));
  const std::string other = RecordText(Seal(head, record, kHostile));

  EXPECT_THAT(json, AllOf(Not(HasSubstr("\x1B")), Not(HasSubstr("\xE2\x80")),
                          HasSubstr("\\u001b[2J\\u202e")));
  EXPECT_THAT(other, AllOf(Not(HasSubstr("\x1B")), Not(HasSubstr("\xE2\x80")),
                           HasSubstr("\\u{001B}[2J\\u{202E}")));
}

TEST(RecordTextTest, EverythingOfARecordIsShown) {
  const std::string text = RecordText(SampleChain(1).front());

  EXPECT_THAT(text, HasSubstr("previousHash"));
  EXPECT_THAT(text, HasSubstr("approvalId"));
  EXPECT_THAT(text, HasSubstr("autonomy.level"));
  EXPECT_THAT(text, HasSubstr("2027-01-15T08:00:01.123Z"));
  EXPECT_THAT(text, HasSubstr("{\n  \"code\": \"print 1\"\n}\n"));
  EXPECT_THAT(text, Not(HasSubstr("CHANGED")));
}

TEST(RecordTextTest, WhatWasChangedIsSaid) {
  SealedAuditRecord changed = SampleChain(1).front();
  Tamper(changed, false, [](AuditRecord& record) { record.set_actor("eve"); });
  EXPECT_THAT(RecordText(changed), HasSubstr("CHANGED: not of its bytes"));

  SealedAuditRecord other_payload = SampleChain(1).front();
  other_payload.set_payload("{}");
  EXPECT_THAT(RecordText(other_payload),
              HasSubstr("CHANGED: it is not the one that was written"));

  SealedAuditRecord forgotten = SampleChain(1).front();
  forgotten.clear_payload();
  EXPECT_THAT(RecordText(forgotten), HasSubstr("no longer kept"));

  SealedAuditRecord broken;
  broken.set_record("\xFF");
  EXPECT_THAT(RecordText(broken), HasSubstr("CHANGED"));
}

}  // namespace
}  // namespace airlock::cli
