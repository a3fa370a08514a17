#include "services/policy/dispatch/later_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::WriteStdinResponse;

class LaterInputTest : public testing::Test {
 protected:
  // What became of a call so far.
  using Answer =
      std::shared_ptr<std::optional<absl::StatusOr<WriteStdinResponse>>>;

  Answer Write(std::uint64_t offset, std::string data, bool close = false) {
    auto answer =
        std::make_shared<std::optional<absl::StatusOr<WriteStdinResponse>>>();
    InputWrite write;
    write.id = ++last_id_;
    write.offset = offset;
    write.data = std::move(data);
    write.close = close;
    write.done = [answer](absl::StatusOr<WriteStdinResponse> told) {
      EXPECT_FALSE(answer->has_value());
      answer->emplace(std::move(told));
    };
    input_.Write(std::move(write));
    return answer;
  }
  static bool Waits(const Answer& answer) { return !answer->has_value(); }
  static void ExpectTold(const Answer& answer, std::uint64_t next_offset,
                         bool closed = false) {
    ASSERT_FALSE(Waits(answer));
    ASSERT_THAT(**answer, IsOk());
    EXPECT_EQ((**answer)->next_offset(), next_offset);
    EXPECT_EQ((**answer)->closed(), closed);
  }
  static void ExpectRefused(const Answer& answer, absl::StatusCode code,
                            const std::string& reason) {
    ASSERT_FALSE(Waits(answer));
    EXPECT_THAT((**answer).status(), StatusIs(code));
    EXPECT_EQ(ErrorReason((**answer).status()), reason);
  }
  // Takes what is offered, which must be this.
  void ExpectTaken(std::uint64_t offset, const std::string& data,
                   bool end = false) {
    const std::optional<InputPiece> piece = input_.Take();
    ASSERT_TRUE(piece.has_value());
    EXPECT_EQ(piece->offset, offset);
    EXPECT_EQ(piece->data, data);
    EXPECT_EQ(piece->end, end);
  }

  LaterInput input_{/*accepts=*/true};
  WriteId last_id_ = 0;
};

TEST_F(LaterInputTest, NothingIsTakenBeforeTheProcessRuns) {
  const Answer answer = Write(0, "abc");
  EXPECT_FALSE(input_.Take().has_value());
  EXPECT_TRUE(Waits(answer));

  input_.Open();

  ExpectTaken(0, "abc");
  ExpectTold(answer, 3);
  EXPECT_FALSE(input_.Take().has_value());
}

TEST_F(LaterInputTest, WhatWasNotAskedForIsRefused) {
  input_ = LaterInput(/*accepts=*/false);
  input_.Open();

  ExpectRefused(Write(0, "abc"), absl::StatusCode::kFailedPrecondition,
                "INPUT_NOT_ACCEPTED");
  EXPECT_FALSE(input_.Take().has_value());
}

TEST_F(LaterInputTest, RepeatedBytesAreNotTakenAgain) {
  input_.Open();
  Write(0, "abc");
  ExpectTaken(0, "abc");

  ExpectTold(Write(0, "abc"), 3);
  ExpectTold(Write(1, "b"), 3);
  const Answer overlapping = Write(1, "bcde");
  ExpectTaken(3, "de");
  ExpectTold(overlapping, 5);
}

TEST_F(LaterInputTest, GapIsOutOfRangeAndSaysWhereToGoOn) {
  input_.Open();
  Write(0, "abc");
  ExpectTaken(0, "abc");

  const Answer answer = Write(4, "e");

  ExpectRefused(answer, absl::StatusCode::kOutOfRange, "INPUT_GAP");
  EXPECT_THAT((**answer).status().message(), testing::HasSubstr("at most 3"));
}

TEST_F(LaterInputTest, OneCallAtATime) {
  const Answer first = Write(0, "abc");

  ExpectRefused(Write(0, "abc"), absl::StatusCode::kAborted,
                "WRITE_IN_PROGRESS");

  EXPECT_TRUE(Waits(first));
  input_.Open();
  ExpectTaken(0, "abc");
}

TEST_F(LaterInputTest, CallThatIsGoneMakesRoomForAnother) {
  const Answer gone = Write(0, "abc");
  input_.Abandon(last_id_ + 1);
  ExpectRefused(Write(0, "xyz"), absl::StatusCode::kAborted,
                "WRITE_IN_PROGRESS");
  input_.Abandon(1);
  const Answer next = Write(0, "xyz");
  input_.Open();

  ExpectTaken(0, "xyz");
  ExpectTold(next, 3);
  EXPECT_TRUE(Waits(gone));
}

TEST_F(LaterInputTest, NoMoreIsTakenThanThereIsCreditFor) {
  input_.Open();
  const std::string much(kInputWindow + 10, 'x');
  const Answer answer = Write(0, much);
  ExpectTaken(0, much.substr(0, kInputWindow));
  ExpectTold(answer, kInputWindow);

  const Answer rest = Write(kInputWindow, "0123456789");
  EXPECT_FALSE(input_.Take().has_value());
  ASSERT_TRUE(input_.Acknowledge(kInputWindow, kInputWindow));
  EXPECT_FALSE(input_.Take().has_value());
  ASSERT_TRUE(input_.Acknowledge(kInputWindow + 4, kInputWindow));
  ExpectTaken(kInputWindow, "0123");
  ExpectTold(rest, kInputWindow + 4);
}

TEST_F(LaterInputTest, NoMoreIsHeldThanAWindowWhateverTheCredit) {
  input_.Open();
  ASSERT_TRUE(input_.Acknowledge(std::uint64_t{1} << 40U, 0));
  Write(0, std::string(kInputWindow, 'x'));
  ASSERT_TRUE(input_.Take().has_value());

  const Answer more = Write(kInputWindow, "y");
  EXPECT_FALSE(input_.Take().has_value());
  EXPECT_TRUE(Waits(more));

  ASSERT_TRUE(input_.Acknowledge(std::uint64_t{1} << 40U, 1));
  ExpectTaken(kInputWindow, "y");
}

TEST_F(LaterInputTest, CloseCountsOnceAllWasTaken) {
  input_.Open();
  const Answer answer = Write(0, std::string(kInputWindow + 1, 'x'), true);
  ASSERT_FALSE(input_.Take()->end);
  ExpectTold(answer, kInputWindow, /*closed=*/false);
  ASSERT_TRUE(input_.Acknowledge(2 * kInputWindow, kInputWindow));

  const Answer last = Write(kInputWindow, "x", true);

  ExpectTaken(kInputWindow, "x", /*end=*/true);
  ExpectTold(last, kInputWindow + 1, /*closed=*/true);
}

TEST_F(LaterInputTest, CloseAloneNeedsNoCredit) {
  input_.Open();
  Write(0, std::string(kInputWindow, 'x'));
  ASSERT_TRUE(input_.Take().has_value());

  const Answer answer = Write(kInputWindow, "", true);

  ExpectTaken(kInputWindow, "", /*end=*/true);
  ExpectTold(answer, kInputWindow, /*closed=*/true);
}

TEST_F(LaterInputTest, ClosedInputTakesRepetitionsAndNothingElse) {
  input_.Open();
  Write(0, "abc", true);
  ExpectTaken(0, "abc", /*end=*/true);

  ExpectTold(Write(0, "abc", true), 3, /*closed=*/true);
  ExpectTold(Write(3, "", true), 3, /*closed=*/true);
  ExpectTold(Write(1, "bc"), 3, /*closed=*/true);
  ExpectRefused(Write(3, "d"), absl::StatusCode::kFailedPrecondition,
                "INPUT_CLOSED");
  ExpectRefused(Write(0, "abcd", true), absl::StatusCode::kFailedPrecondition,
                "INPUT_CLOSED");
  EXPECT_FALSE(input_.Take().has_value());
}

TEST_F(LaterInputTest, CloseCannotCutOffWhatWasTaken) {
  input_.Open();
  Write(0, "abc");
  ExpectTaken(0, "abc");

  ExpectRefused(Write(0, "ab", true), absl::StatusCode::kOutOfRange,
                "INPUT_CLOSE_TOO_EARLY");
}

TEST_F(LaterInputTest, EmptyCallTellsWhereTheInputStands) {
  ExpectTold(Write(0, ""), 0);
  input_.Open();
  Write(0, "abc");
  ExpectTaken(0, "abc");

  ExpectTold(Write(0, ""), 3);
}

TEST_F(LaterInputTest, WhatIsNotAcknowledgedIsSentAgain) {
  EXPECT_FALSE(input_.Unacknowledged().has_value());
  input_.Open();
  Write(0, "abcdef", true);
  ExpectTaken(0, "abcdef", /*end=*/true);
  ASSERT_TRUE(input_.Acknowledge(kInputWindow, 2));

  const std::optional<InputPiece> again = input_.Unacknowledged();

  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->offset, 2U);
  EXPECT_EQ(again->data, "cdef");
  EXPECT_TRUE(again->end);
}

TEST_F(LaterInputTest, AcknowledgedBytesAreForgottenButNotTheEnd) {
  input_.Open();
  Write(0, "abc");
  ExpectTaken(0, "abc");
  ASSERT_TRUE(input_.Acknowledge(kInputWindow, 3));
  EXPECT_FALSE(input_.Unacknowledged().has_value());

  Write(3, "", true);
  ExpectTaken(3, "", /*end=*/true);

  ASSERT_TRUE(input_.Unacknowledged().has_value());
  EXPECT_TRUE(input_.Unacknowledged()->data.empty());
  EXPECT_TRUE(input_.Unacknowledged()->end);
}

TEST_F(LaterInputTest, OldAcknowledgementsTakeNothingBack) {
  input_.Open();
  Write(0, "abcdef");
  ExpectTaken(0, "abcdef");
  ASSERT_TRUE(input_.Acknowledge(kInputWindow, 4));
  ASSERT_TRUE(input_.Acknowledge(10, 2));

  EXPECT_EQ(input_.Unacknowledged()->offset, 4U);
  EXPECT_EQ(input_.Unacknowledged()->data, "ef");
}

TEST_F(LaterInputTest, MoreThanWasSentCannotBeAcknowledged) {
  input_.Open();
  Write(0, "abc");
  ExpectTaken(0, "abc");

  EXPECT_FALSE(input_.Acknowledge(kInputWindow, 4));
}

TEST_F(LaterInputTest, InterruptionAnswersTheCallThatWaits) {
  const Answer answer = Write(0, "abc");

  input_.Interrupt(ExecutionEndedError("e1"));

  ExpectRefused(answer, absl::StatusCode::kFailedPrecondition,
                "EXECUTION_ENDED");
}

}  // namespace
}  // namespace airlock::policy
