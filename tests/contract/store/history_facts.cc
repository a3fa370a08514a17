// What is found of executions: by filters, and with what belongs to them.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/spec.pb.h"
#include "common/security/sortable_id.h"
#include "common/time/proto_time.h"
#include "services/policy/store/history_collector.h"
#include "tests/contract/store/store_facts.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::Execution;
using airlock::v1::Outcome;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr absl::Time kNoon = absl::FromUnixSeconds(1'800'000'000);

// What is asked for by `command` in the name of ada.
std::string SpecOf(const std::string& command) {
  airlock::internal::v1::ExecutionSpec spec;
  spec.set_execution_id("e1");
  spec.set_agent("ada");
  spec.mutable_action()->mutable_system_command()->set_shell(command);
  spec.mutable_sandbox()->set_image("airlock/sandbox:latest");
  spec.set_session("build");
  return spec.SerializeAsString();
}

ExecutionRecord RecordAt(absl::Time time) {
  ExecutionRecord record =
      MakeRecord(NewSortableId(time), Execution::STATE_FINISHED);
  *record.execution.mutable_create_time() = ToProto(time);
  return record;
}

// All ids a query finds, over as many pages as it takes.
std::vector<std::string> FindAll(StoreCaller& caller, ExecutionQuery query) {
  std::vector<std::string> ids;
  do {
    const auto page = caller.List(query);
    EXPECT_THAT(page, IsOk());
    if (!page.ok()) break;
    for (const std::string& id : IdsOf(*page)) ids.push_back(id);
    query.page_token = page->next_page_token;
  } while (!query.page_token.empty());
  return ids;
}

TEST_P(StoreFacts, FiltersLetThroughWhatTheyName) {
  ExecutionRecord code = MakeRecord("e1", Execution::STATE_FINISHED);
  code.execution.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
  code.execution.mutable_outcome()->set_ended_by(Outcome::ENDED_BY_TIMED_OUT);
  ExecutionRecord command = MakeRecord("e2", Execution::STATE_DENIED);
  command.execution.set_action_kind(airlock::v1::ACTION_KIND_SYSTEM_COMMAND);
  ASSERT_THAT(caller_->Put(code), IsOk());
  ASSERT_THAT(caller_->Put(command), IsOk());

  ExecutionQuery kind;
  kind.action_kind = airlock::v1::ACTION_KIND_SYSTEM_COMMAND;
  EXPECT_THAT(FindAll(*caller_, kind), ElementsAre("e2"));
  ExecutionQuery state;
  state.state = Execution::STATE_FINISHED;
  EXPECT_THAT(FindAll(*caller_, state), ElementsAre("e1"));
  ExecutionQuery end;
  end.ended_by = Outcome::ENDED_BY_TIMED_OUT;
  EXPECT_THAT(FindAll(*caller_, end), ElementsAre("e1"));
  end.state = Execution::STATE_DENIED;
  EXPECT_THAT(FindAll(*caller_, end), IsEmpty()) << "all must hold";
}

TEST_P(StoreFacts, TimesAreFromTheFirstUpToTheLast) {
  const std::vector<ExecutionRecord> records = {
      RecordAt(kNoon), RecordAt(kNoon + absl::Microseconds(300)),
      RecordAt(kNoon + absl::Milliseconds(1)),
      RecordAt(kNoon + absl::Hours(1))};
  std::vector<std::string> ids;
  for (const ExecutionRecord& record : records) {
    ASSERT_THAT(caller_->Put(record), IsOk());
    ids.push_back(record.execution.id());
  }

  ExecutionQuery query;
  query.from = kNoon + absl::Microseconds(300);
  query.to = kNoon + absl::Hours(1);
  EXPECT_THAT(FindAll(*caller_, query), ElementsAre(ids[2], ids[1]));
  query.to = kNoon + absl::Milliseconds(1);
  EXPECT_THAT(FindAll(*caller_, query), ElementsAre(ids[1]));
  query.to = kNoon + absl::Hours(1) + absl::Microseconds(1);
  query.agent = "ada";
  EXPECT_THAT(FindAll(*caller_, query), ElementsAre(ids[3], ids[2], ids[1]));
  query.from = kNoon + absl::Hours(2);
  query.to = absl::InfiniteFuture();
  EXPECT_THAT(FindAll(*caller_, query), IsEmpty());
}

TEST_P(StoreFacts, TextIsLookedForInTheActionAsItIs) {
  ExecutionRecord first = MakeRecord("e1", Execution::STATE_FINISHED);
  first.spec = SpecOf("rm -rf 100%_build");
  ExecutionRecord second = MakeRecord("e2", Execution::STATE_FINISHED);
  second.spec = SpecOf("ls");
  ASSERT_THAT(caller_->Put(first), IsOk());
  ASSERT_THAT(caller_->Put(second), IsOk());

  ExecutionQuery query;
  for (const char* text : {"rm -rf", "%_b", "build"}) {
    query.text = text;
    EXPECT_THAT(FindAll(*caller_, query), ElementsAre("e1")) << text;
  }
  for (const char* text : {"RM", "rm%build", "sandbox", "ada", "e1"}) {
    query.text = text;
    EXPECT_THAT(FindAll(*caller_, query), IsEmpty()) << text;
  }
  query.text = std::string("\x02ls", 3);
  EXPECT_THAT(FindAll(*caller_, query), ElementsAre("e2")) << "bytes, too";
}

TEST_P(StoreFacts, OneCallLooksAtABoundedNumberAndTheNextGoesOn) {
  Open(10'000);
  Transaction transaction;
  for (int i = 0; i < 2 * kMaxLookedAt; ++i) {
    ExecutionRecord record = RecordAt(kNoon + absl::Milliseconds(i));
    record.spec = SpecOf(i == 0 ? "needle" : "hay");
    transaction.executions.push_back(std::move(record));
  }
  const std::string needle = transaction.executions.front().execution.id();
  ASSERT_THAT(caller_->Commit(transaction), IsOk());
  ExecutionQuery query;
  query.text = "needle";

  const auto first = caller_->List(query);
  query.page_token = first->next_page_token;
  const auto second = caller_->List(query);

  EXPECT_THAT(IdsOf(*first), IsEmpty());
  EXPECT_EQ(first->next_page_token,
            transaction.executions[kMaxLookedAt].execution.id());
  EXPECT_THAT(IdsOf(*second), ElementsAre(needle));
  EXPECT_EQ(second->next_page_token, "");
}

TEST_P(StoreFacts, OneCallLooksThroughABoundedNumberOfBytes) {
  const std::string large(kMaxSpecBytesLookedAt / 2, 'x');
  for (const char* id : {"e1", "e2", "e3"}) {
    ExecutionRecord record = MakeRecord(id, Execution::STATE_FINISHED);
    record.spec = SpecOf(large);
    ASSERT_THAT(caller_->Put(record), IsOk());
  }
  ExecutionQuery query;
  query.text = "needle";

  EXPECT_EQ(caller_->List(query)->next_page_token, "e2");
  EXPECT_THAT(FindAll(*caller_, query), IsEmpty());
}

TEST_P(StoreFacts, HistoryHasWhatIsAskedFor) {
  ExecutionRecord asked = MakeRecord("e-of-a1", Execution::STATE_FINISHED);
  asked.execution.set_approval_id("a1");
  Transaction transaction;
  transaction.executions = {asked,
                            MakeRecord("e-old", Execution::STATE_FINISHED)};
  transaction.approvals = {MakeApproval("a1", Approval::STATE_APPROVED, 1)};
  ASSERT_THAT(caller_->Commit(transaction), IsOk());

  const auto all = caller_->ReadHistory({}, {.specs = true, .approvals = true});
  const auto none = caller_->ReadHistory({}, {});

  ASSERT_THAT(all, IsOk());
  ASSERT_THAT(all->executions, SizeIs(2));
  EXPECT_FALSE(all->executions[0].approval.has_value());
  EXPECT_EQ(all->executions[1].execution.id(), "e-of-a1");
  EXPECT_EQ(all->executions[1].spec, asked.spec);
  ASSERT_TRUE(all->executions[1].approval.has_value());
  EXPECT_EQ(all->executions[1].approval->approval.summary(), "print(1)");
  EXPECT_EQ(all->executions[1].approval->action_hash,
            MakeApproval("a1", Approval::STATE_APPROVED, 1).action_hash);
  ASSERT_THAT(none, IsOk());
  EXPECT_EQ(none->executions[1].spec, "");
  EXPECT_FALSE(none->executions[1].approval.has_value());
}

TEST_P(StoreFacts, PageOfHistoryIsBoundedInBytes) {
  for (const char* id : {"e1", "e2", "e3"}) {
    ExecutionRecord record = MakeRecord(id, Execution::STATE_FINISHED);
    record.spec = SpecOf(std::string(std::size_t{2} << 20, 'x'));
    ASSERT_THAT(caller_->Put(record), IsOk());
  }

  const auto page = caller_->ReadHistory({}, {.specs = true});

  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(page->executions, SizeIs(1));
  EXPECT_EQ(page->next_page_token, "e3");
  EXPECT_THAT(caller_->ReadHistory({}, {})->executions, SizeIs(3));
}

TEST_P(StoreFacts, TokenOfHistoryThatIsNotOursIsRefused) {
  ExecutionQuery query;
  query.page_token = "e1' --";

  EXPECT_THAT(caller_->ReadHistory(query, {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace airlock::policy
