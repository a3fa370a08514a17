#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/runner/launch.h"

namespace airlock::runner {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ExecCandidatesTest, PathOfTheEnvironmentIsSearchedInOrder) {
  EXPECT_THAT(ExecCandidates("ls", {"A=b", "PATH=/one:/two", "PATH=/three"}),
              ElementsAre("/one/ls", "/two/ls"));
}

TEST(ExecCandidatesTest, SlashMeansNoSearch) {
  EXPECT_THAT(ExecCandidates("./ls", {"PATH=/one"}), ElementsAre("./ls"));
}

TEST(ExecCandidatesTest, EmptyPartIsTheWorkingDirectory) {
  EXPECT_THAT(ExecCandidates("ls", {"PATH=:/one:"}),
              ElementsAre("./ls", "/one/ls", "./ls"));
}

TEST(ExecCandidatesTest, WithoutPathTheUsualPlacesAreSearched) {
  EXPECT_THAT(ExecCandidates("ls", {}),
              ElementsAre("/usr/local/bin/ls", "/usr/bin/ls", "/bin/ls"));
}

TEST(ExecCandidatesTest, EmptyNameIsNowhere) {
  EXPECT_THAT(ExecCandidates("", {"PATH=/one"}), IsEmpty());
}

}  // namespace
}  // namespace airlock::runner
