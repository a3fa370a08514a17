// Random lives of permissions beside a model that is too simple to be wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "services/policy/standing/standing_table.h"
#include "tests/unit/policy/standing/standing_cases.h"

namespace airlock::policy {
namespace {

using airlock::v1::StandingApproval;

const std::vector<std::string>& Agents() {
  static const auto* const agents =
      new std::vector<std::string>{"ada", "bea", "cyd"};
  return *agents;
}

// What is known of one permission: who may, what, how often, until when.
struct Known {
  std::string agent;
  std::string program;
  std::uint32_t max_uses = 0;
  std::uint32_t starts = 0;
  absl::Time until;
  bool revoked = false;
};

class Life {
 public:
  explicit Life(unsigned seed) : random_(seed) {}

  void Run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      const unsigned what = Pick(20);
      if (what < 3) {
        Give();
      } else if (what < 14) {
        Start();
      } else if (what < 16) {
        Revoke();
      } else if (what < 17) {
        Restart();
      } else {
        Pass();
      }
    }
    if (testing::Test::HasFailure()) ADD_FAILURE() << "of: " << history_;
  }

  int starts() const { return starts_; }
  int refusals() const { return refusals_; }

 private:
  unsigned Pick(unsigned count) {
    return static_cast<unsigned>(random_() % count);
  }
  StandingNow Now() const { return {wall_, monotonic_}; }

  void Give() {
    Known known;
    known.agent = Agents()[Pick(3)];
    known.program = Pick(2) == 0 ? "ls" : "rm";
    known.max_uses = 1 + Pick(4);
    const absl::Duration lifetime = absl::Minutes(1 + Pick(30));
    // By the clock that nobody sets.
    known.until = absl::UnixEpoch() + monotonic_ + lifetime;
    if (!table_->CheckRoom(known.agent).ok()) return;
    airlock::v1::StandingScope scope = CommandScope({known.program});
    scope.set_agent(known.agent);
    const std::string id = absl::StrCat("st-", 1000 + next_++);
    StandingApproval permission = Permission(id, scope, known.max_uses);
    *permission.mutable_create_time() = ToProto(wall_);
    *permission.mutable_expire_time() = ToProto(wall_ + lifetime);
    table_->Add(permission, monotonic_ + lifetime);
    absl::StrAppend(&history_, "give ", id, " to ", known.agent, "; ");
    known_[id] = known;
  }

  // Somebody wants to start something, and it may fail to be recorded.
  void Start() {
    const std::string agent = Agents()[Pick(3)];
    const std::string program = Pick(2) == 0 ? "ls" : "rm";
    StandingSubject subject = Subject(Argv({program, "x"}));
    subject.agent = agent;
    const StandingApproval* found = table_->FindFor(
        subject, Now(), [](const StandingApproval&) { return true; });
    if (found == nullptr) {
      ++refusals_;
      ExpectNothingHolds(agent, program);
      return;
    }
    const std::string id = found->id();
    ASSERT_TRUE(table_->TakeUse(id, Now()));
    if (Pick(8) == 0) {
      table_->GiveBackUse(id);
      // The last use is lost; no other one is.
      if (table_->Find(id)->state() == StandingApproval::STATE_USED_UP) {
        known_[id].max_uses = known_[id].starts;
      }
      return;
    }
    absl::StrAppend(&history_, "start ", id, "; ");
    ++starts_;
    Known& known = known_[id];
    ++known.starts;
    EXPECT_LE(known.starts, known.max_uses) << id;
    EXPECT_EQ(known.agent, agent) << id;
    EXPECT_EQ(known.program, program) << id;
    EXPECT_FALSE(known.revoked) << id;
    EXPECT_LT(absl::UnixEpoch() + monotonic_, known.until) << id;
  }

  // Where the wall clock was not set, what the model has is what there is.
  void ExpectNothingHolds(const std::string& agent,
                          const std::string& program) {
    if (wall_was_set_) return;
    for (const auto& [id, known] : known_) {
      const bool holds = known.agent == agent && known.program == program &&
                         !known.revoked && known.starts < known.max_uses &&
                         absl::UnixEpoch() + monotonic_ < known.until;
      EXPECT_FALSE(holds) << id << " would have let it";
    }
  }

  void Revoke() {
    if (known_.empty()) return;
    auto revoked = known_.begin();
    std::advance(revoked, Pick(static_cast<unsigned>(known_.size())));
    absl::StrAppend(&history_, "revoke ", revoked->first, "; ");
    table_->End(revoked->first, StandingApproval::STATE_REVOKED, wall_, "x");
    revoked->second.revoked = true;
  }

  // What the service remembers after a restart is what it wrote.
  void Restart() {
    absl::StrAppend(&history_, "restart; ");
    const std::vector<StandingApproval> all = table_->List("");
    table_.emplace(kLimits);
    for (const StandingApproval& kept : all) {
      const absl::Duration left = std::clamp(
          FromProto(kept.expire_time()) - wall_, absl::ZeroDuration(),
          FromProto(kept.expire_time()) - FromProto(kept.create_time()));
      // A clock that was set back while nothing ran cannot be noticed.
      Known& known = known_[kept.id()];
      known.until =
          std::max(known.until, absl::UnixEpoch() + monotonic_ + left);
      table_->Add(kept, monotonic_ + left);
    }
  }

  void Pass() {
    const absl::Duration by = absl::Minutes(Pick(10));
    wall_ += by;
    monotonic_ += by;
    if (Pick(10) == 0) {
      wall_ += absl::Minutes(60) - absl::Minutes(Pick(120));
      wall_was_set_ = true;
    }
    // What is over need not have been noticed.
    if (Pick(2) == 0) return;
    for (const std::string& id : table_->Due(Now())) {
      table_->End(id, StandingApproval::STATE_EXPIRED, wall_);
    }
    for (const std::string& id : table_->Forget(wall_)) known_.erase(id);
  }

  static constexpr StandingLimits kLimits{.max_active = 20,
                                          .max_active_per_agent = 8,
                                          .max_ended = 10,
                                          .keep_ended = absl::Hours(1)};

  std::mt19937 random_;
  std::optional<StandingTable> table_{kLimits};
  std::map<std::string, Known> known_;
  int next_ = 0;
  absl::Time wall_ = Noon();
  absl::Duration monotonic_ = absl::Hours(5);
  bool wall_was_set_ = false;
  int starts_ = 0;
  int refusals_ = 0;
  std::string history_;
};

TEST(StandingPropertyTest, NothingStartsThatWasNotPermitted) {
  int starts = 0;
  int refusals = 0;
  for (unsigned seed = 1; seed <= 2000 && !HasFailure(); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Life life(seed);
    life.Run(120);
    starts += life.starts();
    refusals += life.refusals();
  }
  std::cout << starts << " starts, " << refusals << " refusals\n";
  EXPECT_GT(starts, 10000) << "nothing was tried";
  EXPECT_GT(refusals, 10000);
}

}  // namespace
}  // namespace airlock::policy
