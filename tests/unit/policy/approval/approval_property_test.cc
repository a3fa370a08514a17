// Random lives of approvals beside a model that is too simple to be wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/time/proto_time.h"
#include "services/policy/approval/approval_machine.h"
#include "tests/unit/policy/approval/approval_cases.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;

// Six ids of four humans; the last one is the asking agent's own.
constexpr int kIds = 6;
const char* const kId[kIds] = {"web:ann",    "telegram:1", "web:bob",
                               "telegram:2", "web:cid",    "web:bot"};

// Which human an id is under some settings. Without `people`, each its own.
struct World {
  bool people = true;
  std::set<int> named;
  bool list = true;

  int HumanOf(int id) const {
    static const int kHuman[kIds] = {0, 0, 1, 1, 2, 3};
    return people ? kHuman[id] : 10 + id;
  }
  bool MayAnswer(int id) const {
    const bool agent = id == 5;
    const bool on_page = absl::string_view(kId[id]).substr(0, 4) == "web:";
    return !agent && (list ? named.contains(id) : on_page);
  }
  ApprovalSettings Settings() const {
    ApprovalSettings settings;
    if (people) {
      settings.people = {{"Ann", {kId[0], kId[1]}},
                         {"Bob", {kId[2], kId[3]}},
                         {"Cid", {kId[4]}}};
    }
    if (!list) return settings;
    settings.approvers.emplace();
    for (const int id : named) settings.approvers->push_back(kId[id]);
    return settings;
  }
};

// What was answered under which id, and under which settings. Two answers are
// of one human if they are under any settings that saw one of them come.
struct ModelAnswer {
  int id = 0;
  bool yes = false;
  // Whether it came while `people` said who is who.
  bool person_known = false;
};

struct Model {
  std::uint32_t required = 1;
  bool default_approves = false;
  Approval::State state = Approval::STATE_PENDING;
  bool by_default = false;
  std::uint64_t revision = 1;
  std::vector<ModelAnswer> answers;
};

class Life {
 public:
  explicit Life(unsigned seed) : random_(seed) {
    model_.required = 1 + Pick(3);
    model_.default_approves = Pick(2) == 0;
    Reload();
    ApprovalSettings settings = world_.Settings();
    settings.timeout = absl::Minutes(5);
    settings.approve_on_timeout = model_.default_approves;
    record_ = AskFor(settings, model_.required);
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      const ApprovalRecord before = record_;
      Step();
      Compare(before);
      if (testing::Test::HasFailure()) {
        ADD_FAILURE() << "at step " << step << " of: " << history_;
        return;
      }
    }
  }

  const Model& model() const { return model_; }

 private:
  unsigned Pick(unsigned count) {
    return static_cast<unsigned>(random_() % count);
  }

  void Step() {
    now_ += absl::Seconds(Pick(20));
    const unsigned what = Pick(40);
    if (what < 26) return Answer();
    if (what < 33) return Reload();
    if (what < 37) return Restart();
    if (what == 37) {
      const bool heard = Pick(2) == 0;
      Tell(absl::StrCat("expire ", heard));
      record_ = ExpireApproval(record_, heard, now_);
      const bool approves = model_.default_approves && heard;
      return End(approves ? Approval::STATE_APPROVED : Approval::STATE_EXPIRED,
                 approves);
    }
    if (what == 38) {
      Tell("void");
      record_ = VoidApproval(record_, "SESSION_CHANGED", now_);
      return End(Approval::STATE_EXPIRED, false);
    }
    Tell("cancel");
    record_ = CancelApproval(record_, "WITHDRAWN", now_);
    End(Approval::STATE_CANCELLED, false);
  }

  void End(Approval::State state, bool by_default) {
    if (model_.state != Approval::STATE_PENDING) return;
    model_.state = state;
    model_.by_default = by_default;
    ++model_.revision;
  }

  void Reload() {
    world_ = World();
    world_.people = Pick(2) == 0;
    world_.list = Pick(3) != 0;
    for (int id = 0; id < kIds; ++id) {
      if (Pick(3) != 0) world_.named.insert(id);
    }
    Tell(absl::StrCat("reload people=", world_.people, " list=", world_.list,
                      "/", world_.named.size()));
  }

  // What the store gives back after a restart is all there is.
  void Restart() {
    Tell("restart");
    ApprovalRecord restored;
    ASSERT_TRUE(restored.approval.ParseFromString(
        record_.approval.SerializeAsString()));
    restored.action_hash = record_.action_hash;
    restored.revision = record_.revision;
    record_ = restored;
  }

  void Answer() {
    const int id = static_cast<int>(Pick(kIds));
    const bool yes = Pick(5) != 0;
    const bool shown = Pick(6) != 0;
    AnswerInput input = yes ? Approve(kId[id]) : Reject(kId[id]);
    if (!shown) input.digest_hex = "0000";
    const absl::StatusOr<AnswerResult> result =
        AnswerApproval(record_, input, world_.Settings(), now_);
    const std::string expected = Expect(id, yes, shown);
    const std::string got = !result.ok()      ? ErrorReason(result.status())
                            : result->changed ? "changed"
                                              : "same";
    Tell(absl::StrCat(kId[id], yes ? " yes " : " no ", shown, " -> ", got));
    EXPECT_EQ(got, expected);
    if (result.ok()) record_ = result->record;
  }

  bool SameHuman(const ModelAnswer& answer, int id, bool person_known) const {
    static const World kKnown;
    return answer.id == id ||
           (world_.people && world_.HumanOf(answer.id) == world_.HumanOf(id)) ||
           (answer.person_known && person_known &&
            kKnown.HumanOf(answer.id) == kKnown.HumanOf(id));
  }

  // The answer's fate; the model takes it if it is taken.
  std::string Expect(int id, bool yes, bool shown) {
    if (id == 5) return "SELF_APPROVAL";
    if (!world_.MayAnswer(id)) return "NOT_AN_APPROVER";
    const ModelAnswer* before = nullptr;
    for (const ModelAnswer& answer : model_.answers) {
      if (SameHuman(answer, id, world_.people)) {
        before = &answer;
        break;
      }
    }
    const bool pending = model_.state == Approval::STATE_PENDING;
    if (!pending) {
      return before != nullptr && before->yes == yes ? "same"
                                                     : "APPROVAL_ENDED";
    }
    if (now_ >= kAsked + absl::Minutes(5)) {
      return before != nullptr && before->yes == yes ? "same"
                                                     : "APPROVAL_ENDED";
    }
    if (before != nullptr && before->yes != yes) return "ANSWERED_OTHERWISE";
    if (!shown) return "DIGEST_MISMATCH";
    if (before == nullptr) model_.answers.push_back({id, yes, world_.people});
    const bool settled = Settle();
    if (before != nullptr && !settled) return "same";
    ++model_.revision;
    return "changed";
  }

  bool Settle() {
    for (const ModelAnswer& answer : model_.answers) {
      if (!answer.yes) model_.state = Approval::STATE_REJECTED;
    }
    if (model_.state == Approval::STATE_PENDING && Agreed() >= model_.required)
      model_.state = Approval::STATE_APPROVED;
    return model_.state != Approval::STATE_PENDING;
  }

  // Humans who agreed and may: colours spread until nothing changes.
  std::size_t Agreed() const {
    std::vector<ModelAnswer> counted;
    for (const ModelAnswer& answer : model_.answers) {
      if (answer.yes && world_.MayAnswer(answer.id)) counted.push_back(answer);
    }
    std::vector<std::size_t> colour(counted.size());
    for (std::size_t i = 0; i < colour.size(); ++i) colour[i] = i;
    for (std::size_t round = 0; round < counted.size(); ++round) {
      for (std::size_t i = 0; i < counted.size(); ++i) {
        for (std::size_t j = 0; j < counted.size(); ++j) {
          if (!SameHuman(counted[i], counted[j].id, counted[j].person_known))
            continue;
          colour[i] = colour[j] = std::min(colour[i], colour[j]);
        }
      }
    }
    return std::set<std::size_t>(colour.begin(), colour.end()).size();
  }

  // The record is what the model says, and what must always hold holds.
  void Compare(const ApprovalRecord& before) {
    const Approval& approval = record_.approval;
    EXPECT_EQ(approval.state(), model_.state);
    EXPECT_EQ(record_.revision, model_.revision);
    EXPECT_LE(record_.revision, before.revision + 1);
    ASSERT_EQ(approval.answers_size(), static_cast<int>(model_.answers.size()));
    const bool same =
        approval.SerializeAsString() == before.approval.SerializeAsString();
    EXPECT_EQ(same, record_.revision == before.revision);
    EXPECT_TRUE(same || before.approval.state() == Approval::STATE_PENDING);
    EXPECT_EQ(approval.has_end_time(),
              approval.state() != Approval::STATE_PENDING);
    std::set<std::string> yes;
    bool no = false;
    for (const ApprovalAnswer& answer : approval.answers()) {
      EXPECT_NE(answer.approver(), "web:bot");
      no = no || answer.answer() == ApprovalAnswer::ANSWER_REJECT;
      if (answer.answer() == ApprovalAnswer::ANSWER_APPROVE) {
        EXPECT_TRUE(yes.insert(answer.approver()).second);
      }
    }
    EXPECT_EQ(no, approval.state() == Approval::STATE_REJECTED);
    if (approval.state() == Approval::STATE_APPROVED && !model_.by_default) {
      EXPECT_GE(yes.size(), approval.required_approvals());
    }
  }

  void Tell(absl::string_view what) { absl::StrAppend(&history_, what, "; "); }

  std::mt19937 random_;
  World world_;
  Model model_;
  ApprovalRecord record_;
  absl::Time now_ = kAsked;
  std::string history_;
};

constexpr int kLives = 2000;
constexpr int kSteps = 40;

// Runs lives with seeds from `first` on. How often each state was reached.
std::map<Approval::State, int> RunLives(unsigned first) {
  std::map<Approval::State, int> reached;
  for (unsigned life = 0; life < kLives; ++life) {
    SCOPED_TRACE(absl::StrCat("seed ", first + life));
    Life one(first + life);
    one.Run(kSteps);
    if (testing::Test::HasFailure()) return reached;
    ++reached[one.model().state];
  }
  return reached;
}

TEST(ApprovalPropertyTest, MachineDoesWhatTheModelSays) {
  const std::map<Approval::State, int> reached = RunLives(1);

  // Nothing was proved about a state that no life came to.
  for (const Approval::State state :
       {Approval::STATE_APPROVED, Approval::STATE_REJECTED,
        Approval::STATE_EXPIRED, Approval::STATE_CANCELLED}) {
    EXPECT_GT(reached.count(state) == 0 ? 0 : reached.at(state), 100)
        << Approval::State_Name(state);
  }
}

TEST(ApprovalPropertyTest, MachineDoesSoForNewLivesEachTime) {
  const unsigned seed = std::random_device()();
  RecordProperty("seed", absl::StrCat(seed));
  std::cout << "first seed: " << seed << "\n";

  RunLives(seed);
}

}  // namespace
}  // namespace airlock::policy
