#include "services/cli/run/approval_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/time/proto_time.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class ApprovalNotesTest : public testing::Test {
 protected:
  ApprovalNotesTest() {
    approval_.set_id("ap1");
    approval_.set_state(Approval::STATE_PENDING);
    approval_.set_required_approvals(1);
    approval_.add_approvers("web:ann");
    *approval_.mutable_deadline() = ToProto(kNow + absl::Minutes(5));
  }

  void Answer(ApprovalAnswer::Answer answer, const std::string& who,
              const std::string& comment = "") {
    ApprovalAnswer* added = approval_.add_answers();
    added->set_answer(answer);
    added->set_approver(who);
    added->set_comment(comment);
  }
  std::vector<std::string> Take() { return notes_.Take(approval_, kNow); }

  Approval approval_;
  ApprovalNotes notes_;
};

TEST_F(ApprovalNotesTest, FirstSaysWhoUntilWhenAndHow) {
  EXPECT_THAT(Take(),
              ElementsAre("waiting for approval ap1 by web:ann until "
                          "2026-09-21T14:18:20Z, in 5m: airlock approvals "
                          "approve ap1"));
}

TEST_F(ApprovalNotesTest, NothingIsSaidTwice) {
  Take();
  EXPECT_THAT(Take(), IsEmpty());

  Answer(ApprovalAnswer::ANSWER_APPROVE, "web:ann");
  approval_.set_state(Approval::STATE_APPROVED);
  EXPECT_THAT(Take(), ElementsAre("approved by web:ann"));
  EXPECT_THAT(Take(), IsEmpty());
}

TEST_F(ApprovalNotesTest, EachAnswerIsCounted) {
  approval_.set_required_approvals(2);
  Take();

  Answer(ApprovalAnswer::ANSWER_APPROVE, "web:ann");
  EXPECT_THAT(Take(),
              ElementsAre("approved by web:ann; 1 of 2 persons agreed"));
  Answer(ApprovalAnswer::ANSWER_APPROVE, "web:bob");
  approval_.set_state(Approval::STATE_APPROVED);
  EXPECT_THAT(Take(),
              ElementsAre("approved by web:bob; 2 of 2 persons agreed"));
}

TEST_F(ApprovalNotesTest, RejectionSaysWhoAndWhy) {
  Take();
  Answer(ApprovalAnswer::ANSWER_REJECT, "web:ann", "no\x1b[2J");
  approval_.set_state(Approval::STATE_REJECTED);

  EXPECT_THAT(Take(), ElementsAre("rejected by web:ann: no\\u{001B}[2J"));
}

TEST_F(ApprovalNotesTest, ExpiryIsSaidOnce) {
  Take();
  approval_.set_state(Approval::STATE_EXPIRED);
  approval_.set_state_reason("SESSION_CHANGED");

  EXPECT_THAT(Take(), ElementsAre("the approval is expired (SESSION_CHANGED)"));
  EXPECT_THAT(Take(), IsEmpty());
}

}  // namespace
}  // namespace airlock::cli
