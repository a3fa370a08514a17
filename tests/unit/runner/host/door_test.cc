#include "services/runner/host/door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

#include "tests/support/temporary_directory.h"

namespace airlock::runner {
namespace {

using testing::HasSubstr;

class DoorTest : public testing::Test {
 protected:
  DoorTest() { ::chmod(directory_.path().c_str(), 0700); }

  DoorPath Path() const { return {directory_.path(), "executor-1"}; }

  TemporaryDirectory directory_;
};

TEST_F(DoorTest, AFolderOfOurOwnWillDo) { EXPECT_EQ(Path().Problem(), ""); }

TEST_F(DoorTest, WhatOthersMayEnterWillNot) {
  ::chmod(directory_.path().c_str(), 0755);

  EXPECT_THAT(Path().Problem(), HasSubstr("--state"));
}

TEST_F(DoorTest, ALinkWillNot) {
  const std::string link = directory_.path() + "/link";
  const std::string target = directory_.path() + "/target";
  ::mkdir(target.c_str(), 0700);
  ASSERT_EQ(::symlink(target.c_str(), link.c_str()), 0);

  EXPECT_EQ((DoorPath{target, "x"}.Problem()), "");
  EXPECT_THAT((DoorPath{link, "x"}.Problem()), HasSubstr("--state"));
}

TEST_F(DoorTest, NamesThatLeadElsewhereWillNot) {
  for (const char* name : {"", "a/b", "..", "a b"}) {
    EXPECT_THAT((DoorPath{directory_.path(), name}.Problem()),
                HasSubstr("--executor"))
        << name;
  }
  EXPECT_THAT((DoorPath{"relative", "x"}.Problem()), HasSubstr("--state"));
  EXPECT_THAT((DoorPath{"/" + std::string(200, 'x'), "x"}.Problem()),
              HasSubstr("--state"));
}

TEST_F(DoorTest, OneHostHoldsTheLock) {
  UniqueFd first = LockDoor(Path());
  ASSERT_TRUE(first.valid());

  EXPECT_FALSE(LockDoor(Path()).valid());

  first.Reset();
  EXPECT_TRUE(LockDoor(Path()).valid());
}

TEST_F(DoorTest, NobodyAnswersWhereNoHostIs) {
  EXPECT_FALSE(Knock(Path()).valid());
}

TEST_F(DoorTest, StreamsAreHandedOver) {
  const UniqueFd listener = OpenDoor(Path());
  ASSERT_TRUE(listener.valid());
  const UniqueFd door = Knock(Path());
  ASSERT_TRUE(door.valid());
  ASSERT_TRUE(HandOver(door.get()));

  const Visitor visitor = Admit(listener.get());

  struct stat ours {};
  struct stat theirs {};
  ASSERT_TRUE(visitor.in.valid() && visitor.out.valid());
  ASSERT_EQ(::fstat(STDOUT_FILENO, &ours), 0);
  ASSERT_EQ(::fstat(visitor.out.get(), &theirs), 0);
  EXPECT_EQ(ours.st_ino, theirs.st_ino);
  EXPECT_EQ(ours.st_dev, theirs.st_dev);
}

TEST_F(DoorTest, WhoHandsNothingOverIsNotAdmitted) {
  const UniqueFd listener = OpenDoor(Path());
  const UniqueFd door = Knock(Path());
  ASSERT_TRUE(door.valid());
  ASSERT_EQ(::send(door.get(), "x", 1, 0), 1);

  EXPECT_FALSE(Admit(listener.get()).out.valid());
}

TEST_F(DoorTest, ASocketThatADeadHostLeftIsReplaced) {
  { const UniqueFd dead = OpenDoor(Path()); }
  EXPECT_FALSE(Knock(Path()).valid());

  const UniqueFd listener = OpenDoor(Path());
  EXPECT_TRUE(Knock(Path()).valid());
}

}  // namespace
}  // namespace airlock::runner
