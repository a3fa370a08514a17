// `airlock run --interactive`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/integration/cli/cli_test.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class InteractiveTest : public CliTest {
 protected:
  InteractiveTest() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~InteractiveTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }

  // With a pipe that stays open and has `input`.
  ChildResult AirlockWithOpenInput(const std::vector<std::string>& arguments,
                                   const std::string& input) {
    EXPECT_EQ(write(ends_[1], input.data(), input.size()),
              static_cast<ssize_t>(input.size()));
    return ChildProcess(Argv(arguments), Environment(), ends_[0]).Wait();
  }

  std::array<int, 2> ends_ = {-1, -1};
};

TEST_F(InteractiveTest, InputPassesWholeAndInOrderThoughAnswersAreLost) {
  std::string input(1'000'000, '\0');
  for (std::size_t i = 0; i < input.size(); ++i) {
    input[i] = static_cast<char>((i * 31 + i / 4093) & 0xFFU);
  }

  const ChildResult result = Airlock({"run", "-i", "--", "echo"}, input);

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(result.out == input);
  ASSERT_THAT(airlock_.requests(), SizeIs(1));
  const auto command = airlock_.requests()[0].action().system_command();
  EXPECT_TRUE(command.input().accepts_later_input());
  EXPECT_THAT(command.input().stdin(), IsEmpty());
}

TEST_F(InteractiveTest, EmptyInputEnds) {
  const ChildResult result = Airlock({"run", "-i", "--", "echo"}, "");

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "");
}

TEST_F(InteractiveTest, EndsWithTheProcessThoughInputStaysOpen) {
  EXPECT_EQ(AirlockWithOpenInput({"run", "-i", "--", "first"}, "line\n").out,
            "line\n");
  EXPECT_EQ(AirlockWithOpenInput({"run", "-i", "--", "exit", "3"}, "").code, 3);
}

TEST_F(InteractiveTest, InputThatCannotBePassedOnCancels) {
  const ChildResult result =
      AirlockWithOpenInput({"run", "-i", "--", "deaf"}, "x");

  EXPECT_EQ(result.code, 130);
  EXPECT_THAT(result.err, HasSubstr("cannot be passed on: not like this"));
}

TEST_F(InteractiveTest, WrongUsageRunsNothing) {
  EXPECT_EQ(Airlock({"run", "-i", "--stdin", "yes", "--", "echo"}).code, 125);
  EXPECT_EQ(Airlock({"run", "-i", "--lang", "sh", "--file", "-"}).code, 125);
  EXPECT_THAT(airlock_.requests(), IsEmpty());
}

}  // namespace
}  // namespace airlock
