#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/audit_chain/audit_chain.h"
#include "common/security/digest.h"
#include "common/time/proto_time.h"
#include "tests/contract/store/store_facts.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditFilter;
using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(StoreFacts, AuditIsOneChainInTheOrderOfCommits) {
  Transaction transaction;
  transaction.audit = {MakeEntry("a", "{}"), MakeEntry("b")};
  ASSERT_THAT(caller_->Commit(transaction), IsOk());
  ASSERT_THAT(caller_->Put(MakeEntry("c")), IsOk());

  const auto records = caller_->ReadAudit(1, 10);
  const auto head = caller_->GetAuditHead();

  ASSERT_THAT(ActorsOf(*records), ElementsAre("a", "b", "c"));
  std::string previous = FirstPreviousHash();
  std::uint64_t sequence = 0;
  for (const SealedAuditRecord& sealed : *records) {
    AuditRecord record;
    ASSERT_TRUE(record.ParseFromString(sealed.record()));
    EXPECT_EQ(record.sequence(), ++sequence);
    EXPECT_EQ(record.writer(), head->writer);
    EXPECT_EQ(record.previous_hash(), previous);
    EXPECT_EQ(sealed.hash(), HashAuditRecord(sealed.record()));
    previous = sealed.hash();
  }
  EXPECT_EQ((*records)[0].payload(), "{}");
  EXPECT_EQ(head->sequence, 3U);
  EXPECT_EQ(head->hash, previous);
}

TEST_P(StoreFacts, EmptyAuditHasAWriterAndNoRecord) {
  const auto head = caller_->GetAuditHead();

  EXPECT_EQ(head->sequence, 0U);
  EXPECT_EQ(head->hash, FirstPreviousHash());
  EXPECT_NE(head->writer, "");
  EXPECT_THAT(*caller_->ReadAudit(1, 10), IsEmpty());
  const std::string first = head->writer;
  Open(1000);
  EXPECT_NE(caller_->GetAuditHead()->writer, first);
}

TEST_P(StoreFacts, AuditIsReadFromAnywhere) {
  for (const char* actor : {"a", "b", "c", "d"}) {
    ASSERT_THAT(caller_->Put(MakeEntry(actor)), IsOk());
  }

  EXPECT_THAT(ActorsOf(*caller_->ReadAudit(2, 2)), ElementsAre("b", "c"));
  EXPECT_THAT(ActorsOf(*caller_->ReadAudit(0, 1)), ElementsAre("a"));
  EXPECT_THAT(ActorsOf(*caller_->ReadAudit(4, 9)), ElementsAre("d"));
  EXPECT_THAT(*caller_->ReadAudit(5, 9), IsEmpty());
  EXPECT_THAT(*caller_->ReadAudit(~std::uint64_t{0}, 9), IsEmpty());
  EXPECT_THAT(*caller_->ReadAudit(1, 0), IsEmpty());
}

TEST_P(StoreFacts, AuditIsListedNewestFirst) {
  for (const char* actor : {"a", "b", "c"}) {
    ASSERT_THAT(caller_->Put(MakeEntry(actor)), IsOk());
  }
  AuditQuery query;
  query.page_size = 2;

  const auto first = caller_->ListAudit(query);
  query.page_token = first->next_page_token;
  const auto second = caller_->ListAudit(query);

  EXPECT_THAT(ActorsOf(first->records), ElementsAre("c", "b"));
  EXPECT_THAT(ActorsOf(second->records), ElementsAre("a"));
  EXPECT_EQ(second->next_page_token, "");
  for (const char* token :
       {"-1", "x", "1 OR 1", "99999999999999999999", " 1"}) {
    query.page_token = token;
    EXPECT_THAT(caller_->ListAudit(query),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << token;
  }
}

// A page is one message of the network, whatever is in its payloads.
TEST_P(StoreFacts, PageOfLargePayloadsIsShort) {
  const std::string large(3 << 20, 'x');
  for (const char* actor : {"a", "b", "c"}) {
    ASSERT_THAT(caller_->Put(MakeEntry(actor, large)), IsOk());
  }
  AuditQuery query;

  const auto first = caller_->ListAudit(query);
  query.page_token = first->next_page_token;

  EXPECT_THAT(ActorsOf(first->records), ElementsAre("c"));
  EXPECT_THAT(ActorsOf(caller_->ListAudit(query)->records), ElementsAre("b"));
}

const absl::Time kTime = absl::FromUnixSeconds(1'700'000'000);

// Two records that differ in everything.
Transaction TwoRecords() {
  AuditEntry first = MakeEntry("ada", R"json({"code":"print(1)"})json");
  first.record.set_agent("ada");
  first.record.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
  first.record.set_outcome("allow");
  first.record.set_type(airlock::v1::AUDIT_EVENT_TYPE_REQUEST);
  first.record.set_execution_id("e1");
  *first.record.mutable_time() = ToProto(kTime);
  AuditEntry second = MakeEntry("telegram:7", "");
  second.record.set_agent("bob");
  second.record.set_action_kind(airlock::v1::ACTION_KIND_FILE_READ);
  second.record.set_outcome("deny");
  second.record.set_type(airlock::v1::AUDIT_EVENT_TYPE_END);
  second.record.set_execution_id("e2");
  second.record.set_reason("100%_SURE");
  second.record.set_rule("rules[1]");
  second.record.set_digest("hidden");
  *second.record.mutable_time() = ToProto(kTime + absl::Seconds(10));
  Transaction transaction;
  transaction.audit = {first, second};
  return transaction;
}

// The actors of what a filter lets through.
std::vector<std::string> List(StoreCaller& caller, const AuditFilter& filter) {
  AuditQuery query;
  query.filter = filter;
  return ActorsOf(caller.ListAudit(query)->records);
}

std::vector<std::string> ListText(StoreCaller& caller,
                                  const std::string& text) {
  AuditFilter filter;
  filter.set_text(text);
  return List(caller, filter);
}

TEST_P(StoreFacts, EachFieldOfAFilterLetsOnlyItsOwnThrough) {
  ASSERT_THAT(caller_->Commit(TwoRecords()), IsOk());
  AuditFilter filter;
  EXPECT_THAT(List(*caller_, filter), ElementsAre("telegram:7", "ada"));

  filter.set_agent("bob");
  EXPECT_THAT(List(*caller_, filter), ElementsAre("telegram:7"));
  filter.Clear();
  filter.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
  EXPECT_THAT(List(*caller_, filter), ElementsAre("ada"));
  filter.Clear();
  filter.set_outcome("deny");
  EXPECT_THAT(List(*caller_, filter), ElementsAre("telegram:7"));
  filter.Clear();
  filter.set_type(airlock::v1::AUDIT_EVENT_TYPE_REQUEST);
  EXPECT_THAT(List(*caller_, filter), ElementsAre("ada"));
  filter.Clear();
  filter.set_execution_id("e2");
  EXPECT_THAT(List(*caller_, filter), ElementsAre("telegram:7"));
  filter.set_agent("ada");
  EXPECT_THAT(List(*caller_, filter), IsEmpty()) << "all of it must be so";
}

TEST_P(StoreFacts, TimeOfAFilterHasAFirstMomentAndAnEnd) {
  ASSERT_THAT(caller_->Commit(TwoRecords()), IsOk());
  AuditFilter filter;
  const auto list = [&](absl::Time from, absl::Time to) {
    *filter.mutable_from_time() = ToProto(from);
    *filter.mutable_to_time() = ToProto(to);
    return List(*caller_, filter);
  };
  const absl::Time second = kTime + absl::Seconds(10);
  const absl::Duration moment = absl::Nanoseconds(1);

  EXPECT_THAT(list(kTime, second), ElementsAre("ada"));
  EXPECT_THAT(list(kTime + moment, second), IsEmpty());
  EXPECT_THAT(list(kTime + moment, second + moment), ElementsAre("telegram:7"));
  EXPECT_THAT(list(kTime, kTime), IsEmpty());
  EXPECT_THAT(list(second + moment, second + absl::Hours(1)), IsEmpty());
}

TEST_P(StoreFacts, TextIsLookedForInPayloadActorReasonAndRule) {
  ASSERT_THAT(caller_->Commit(TwoRecords()), IsOk());

  EXPECT_THAT(ListText(*caller_, "print(1)"), ElementsAre("ada"));
  EXPECT_THAT(ListText(*caller_, "gram:7"), ElementsAre("telegram:7"));
  EXPECT_THAT(ListText(*caller_, "_SURE"), ElementsAre("telegram:7"));
  EXPECT_THAT(ListText(*caller_, "rules[1]"), ElementsAre("telegram:7"));
  EXPECT_THAT(ListText(*caller_, "hidden"), IsEmpty())
      << "a digest is none of them";
}

TEST_P(StoreFacts, NothingInATextHasAMeaning) {
  ASSERT_THAT(caller_->Commit(TwoRecords()), IsOk());

  EXPECT_THAT(ListText(*caller_, "100%_SURE"), ElementsAre("telegram:7"));
  for (const char* text : {"%", "_S", "' OR '1'='1", "*", "print.1"}) {
    const bool literal =
        std::string("100%_SURE").find(text) != std::string::npos;
    EXPECT_EQ(ListText(*caller_, text).size(), literal ? 1U : 0U) << text;
  }
  EXPECT_THAT(ListText(*caller_, "PRINT"), IsEmpty());
  EXPECT_THAT(ListText(*caller_, std::string("ada\0x", 5)), IsEmpty());
}

}  // namespace
}  // namespace airlock::policy
