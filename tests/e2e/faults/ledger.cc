#include "tests/e2e/faults/ledger.h"

#include <gtest/gtest.h>

#include <iostream>

#include "absl/strings/str_cat.h"

namespace airlock {

using airlock::v1::Execution;
using airlock::v1::Outcome;

void Ledger::Check(const Seen& seen) {
  SCOPED_TRACE(absl::StrCat(seen.told.id, " ", seen.mark));
  ASSERT_TRUE(seen.told.status.ok()) << seen.told.status;
  const Execution& told = seen.told.completed;
  const Execution kept = cluster_.Get(seen.told.id);
  EXPECT_EQ(kept.SerializeAsString(), told.SerializeAsString());

  const int runs = cluster_.CountRuns(seen.mark);
  EXPECT_LE(runs, 1);
  if (told.state() != Execution::STATE_FINISHED) {
    ++counts_[Execution::State_Name(told.state())];
    EXPECT_TRUE(told.state() == Execution::STATE_EXPIRED ||
                told.state() == Execution::STATE_CANCELLED)
        << told.DebugString();
    EXPECT_EQ(runs, 0);
    return;
  }
  const Outcome::EndedBy ended_by = told.outcome().ended_by();
  ++counts_[Outcome::EndedBy_Name(ended_by)];
  if (ended_by == Outcome::ENDED_BY_EXITED) {
    EXPECT_EQ(told.outcome().exit_code(), 0);
    EXPECT_EQ(runs, 1);
  } else if (ended_by == Outcome::ENDED_BY_NOT_STARTED) {
    EXPECT_EQ(runs, 0);
  } else {
    EXPECT_TRUE(ended_by == Outcome::ENDED_BY_OUTCOME_UNKNOWN ||
                ended_by == Outcome::ENDED_BY_SANDBOX_FAILED)
        << told.outcome().DebugString();
  }
}

int Ledger::count(const std::string& end) const {
  const auto found = counts_.find(end);
  return found == counts_.end() ? 0 : found->second;
}

void Ledger::Print() const {
  for (const auto& [end, count] : counts_) {
    testing::Test::RecordProperty(end, count);
    std::cout << end << ": " << count << "\n";
  }
}

}  // namespace airlock
