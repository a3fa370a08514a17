#include "services/executor/dispatch/job_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

internal::v1::Input Input(std::uint64_t offset, const std::string& data,
                          bool end = false) {
  internal::v1::Input input;
  input.set_offset(offset);
  input.set_data(data);
  input.set_end(end);
  return input;
}

class JobInputTest : public testing::Test {
 protected:
  JobInputTest() { input_.Accept(); }

  // What the process gets; "" if that is nothing.
  std::string Take(const internal::v1::Input& message) {
    const auto piece = input_.Take(message);
    EXPECT_THAT(piece.status(), IsOk());
    return piece.ok() && piece->has_value() ? (*piece)->data : "";
  }

  JobInput input_;
};

TEST_F(JobInputTest, EachByteIsTakenOnce) {
  EXPECT_EQ(Take(Input(0, "abc")), "abc");
  EXPECT_EQ(Take(Input(0, "abcd")), "d");
  EXPECT_EQ(Take(Input(1, "bc")), "");
  EXPECT_EQ(input_.received(), 4U);
}

TEST_F(JobInputTest, GapIsNotTaken) {
  EXPECT_EQ(Take(Input(1, "b")), "");
  EXPECT_EQ(input_.received(), 0U);
}

TEST_F(JobInputTest, NothingIsTakenAfterTheEnd) {
  const auto last = input_.Take(Input(0, "", /*end=*/true));
  ASSERT_TRUE(last.ok() && last->has_value());
  EXPECT_TRUE((*last)->end);

  EXPECT_EQ(Take(Input(0, "late")), "");
}

TEST_F(JobInputTest, MoreThanThereIsRoomForIsRefused) {
  const std::string most(SandboxProcess::kFirstInputCredit, 'x');
  EXPECT_EQ(Take(Input(0, most)), most);
  EXPECT_THAT(input_.Take(Input(most.size(), "y")).status(),
              StatusIs(absl::StatusCode::kResourceExhausted));

  input_.Allow(most.size() + 1);

  EXPECT_EQ(Take(Input(most.size(), "y")), "y");
}

TEST_F(JobInputTest, RoomNeverShrinks) {
  input_.Allow(1);

  EXPECT_EQ(input_.limit(), SandboxProcess::kFirstInputCredit);
  EXPECT_EQ(Take(Input(0, "ab")), "ab");
}

TEST(JobInputOfOthersTest, ProcessThatTakesNoneGetsNone) {
  JobInput input;

  EXPECT_THAT(input.Take(Input(0, "a")).status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(input.received(), 0U);
}

}  // namespace
}  // namespace airlock::executor
