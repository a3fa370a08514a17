// What is swept from the folder of host programs, and what never is.
#include "services/runner/host/state_folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace airlock::runner {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::time_t kTwoHours = 7200;

class StateFolderTest : public testing::Test {
 protected:
  StateFolderTest() { ::chmod(directory_.path().c_str(), 0700); }

  DoorPath Own() const { return {directory_.path(), "own"}; }

  // A file that was written `age` ago.
  std::string Put(const std::string& name, std::time_t age,
                  const std::string& text = "") const {
    const std::string path = directory_ / name;
    std::ofstream(path) << text;
    const timespec at{std::time(nullptr) - age, 0};
    const std::array<timespec, 2> times{at, at};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
    return path;
  }
  void PutDoor(const std::string& executor, std::time_t age) const {
    for (const char* ending : {".lock", ".sock", ".log"}) {
      Put(executor + ending, age);
    }
  }
  static std::string Runner(char letter) {
    return "airlock-runner-" + std::string(64, letter);
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  TemporaryDirectory directory_;
};

TEST_F(StateFolderTest, FilesOfDeadHostsGo) {
  PutDoor("check-1", kTwoHours);
  PutDoor("check-2", kTwoHours);

  SweepFolder(Own());

  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(StateFolderTest, OfAHostThatLivesTheyStay) {
  PutDoor("lives", kTwoHours);
  const UniqueFd lock = LockDoor({directory_.path(), "lives"});
  ASSERT_TRUE(lock.valid());

  SweepFolder(Own());

  EXPECT_THAT(Names(),
              UnorderedElementsAre("lives.lock", "lives.sock", "lives.log"));
}

TEST_F(StateFolderTest, OfOneThatStartsOrJustComplainedTheyStay) {
  PutDoor("starts", kTwoHours);
  Put("starts.log", 60);
  Put("fresh.lock", 60);

  SweepFolder(Own());

  EXPECT_THAT(Names(), UnorderedElementsAre("starts.lock", "starts.sock",
                                            "starts.log", "fresh.lock"));
}

TEST_F(StateFolderTest, OursAndWhatIsNobodysStay) {
  PutDoor("own", kTwoHours);
  Put("part-1", kTwoHours);
  Put("a b.lock", kTwoHours);
  Put(".lock", kTwoHours);

  SweepFolder(Own());

  EXPECT_THAT(Names(), UnorderedElementsAre("own.lock", "own.sock", "own.log",
                                            "part-1", "a b.lock", ".lock"));
}

TEST_F(StateFolderTest, TheNewestRunnersStay) {
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    Put(Runner(letter), kTwoHours - letter);
  }

  SweepFolder(Own());

  EXPECT_THAT(Names(), UnorderedElementsAre(Runner('c'), Runner('d')));
}

TEST_F(StateFolderTest, ARunnerInUseStays) {
  const std::string used = Put(Runner('0'), 10 * kTwoHours);
  for (const char letter : {'a', 'b', 'c'}) Put(Runner(letter), kTwoHours);
  const UniqueFd holder(::open(used.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(holder.get(), LOCK_SH), 0);

  SweepFolder(Own());

  EXPECT_THAT(Names(), AllOf(Contains(Runner('0')), testing::SizeIs(3)));
}

TEST_F(StateFolderTest, OnlyRunnersAreTakenForRunners) {
  for (const char* name : {"airlock-runner-", "airlock-runner-mine",
                           "airlock-runner-0", "other-airlock-runner"}) {
    Put(name, kTwoHours);
  }
  Put(Runner('A'), kTwoHours);
  Put(Runner('a') + "a", kTwoHours);
  Put(Runner('a') + ".old", kTwoHours);

  SweepFolder(Own());

  EXPECT_THAT(Names(), testing::SizeIs(7));
}

TEST_F(StateFolderTest, ALinkIsNotFollowed) {
  const std::string target = Put("target", kTwoHours);
  for (const char letter : {'b', 'c'}) Put(Runner(letter), 60);
  ASSERT_EQ(::symlink(target.c_str(), (directory_ / Runner('a')).c_str()), 0);
  ASSERT_EQ(::symlink(target.c_str(), (directory_ / "x.lock").c_str()), 0);

  SweepFolder(Own());

  EXPECT_THAT(Names(), Contains("target"));
}

TEST_F(StateFolderTest, WhatRunsHoldsItsProgram) {
  const UniqueFd program = HoldProgram();
  ASSERT_TRUE(program.valid());
  const UniqueFd other(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));

  EXPECT_NE(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(StateFolderTest, AHostThatEndsTakesItsFilesAlong) {
  PutDoor("own", 0);

  RemoveDoor(Own());

  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(StateFolderTest, ButNotWhatItComplainedOf) {
  PutDoor("own", 0);
  Put("own.log", 0, "no room");

  RemoveDoor(Own());

  EXPECT_THAT(Names(), UnorderedElementsAre("own.log", "own.lock"));
}

// One that opens the file and then finds it removed has locked nothing.
TEST_F(StateFolderTest, ALockIsNeverGivenToTwo) {
  std::atomic<int> holders = 0;
  std::atomic<int> most = 0;
  const auto come_and_go = [&] {
    for (int i = 0; i < 4000; ++i) {
      const UniqueFd lock = LockDoor(Own());
      if (!lock.valid()) continue;
      most = std::max(most.load(), ++holders);
      // Others are to come meanwhile.
      std::this_thread::yield();
      --holders;
      RemoveDoor(Own());
    }
  };

  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back(come_and_go);
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace airlock::runner
