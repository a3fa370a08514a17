// What a kill at any moment leaves behind.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "services/policy/store/sqlite/store_check.h"
#include "tests/contract/store/sqlite_fixture.h"
#include "tests/support/sanitized.h"

namespace airlock::policy {
namespace {

using testing::IsEmpty;

// Commits "<prefix>-<n>" without an end, some at a time, and writes the id of
// each that was answered to `told`. Never returns.
[[noreturn]] void CommitForEver(const std::string& path,
                                const std::string& prefix, int told) {
  constexpr int kAtATime = 5;
  auto store = SqliteStore::Open({.path = path, .observer = {}});
  if (!store.ok()) std::_Exit(1);
  absl::Mutex mutex;
  int waiting = 0;
  const auto has_room = [&] { return waiting < kAtATime; };
  for (int i = 0;; ++i) {
    mutex.LockWhen(absl::Condition(&has_room));
    ++waiting;
    mutex.Unlock();
    const std::string id = absl::StrCat(prefix, "-", i);
    Transaction transaction;
    transaction.executions = {
        MakeRecord(id, airlock::v1::Execution::STATE_RUNNING)};
    transaction.audit = {MakeEntry("ada", "{}"), MakeEntry("bob")};
    (*store)->Commit(transaction, [&, id](const absl::Status& status) {
      const std::string line = id + "\n";
      if (!status.ok() || ::write(told, line.data(), line.size()) < 0) {
        std::_Exit(1);
      }
      const absl::MutexLock lock(&mutex);
      --waiting;
    });
  }
}

// A process that commits, and what it says was answered.
class Committer {
 public:
  Committer(const std::string& path, const std::string& prefix) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    child_ = ::fork();
    EXPECT_GE(child_, 0);
    if (child_ == 0) CommitForEver(path, prefix, ends[1]);
    ::close(ends[1]);
    told_ = ends[0];
  }
  ~Committer() {
    Kill();
    ::close(told_);
  }
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Reads until so many more were answered.
  void WaitForAnswers(std::size_t count) {
    const std::size_t wanted = answered_.size() + count;
    while (answered_.size() < wanted) ASSERT_TRUE(ReadSome());
  }
  // It stands still, wherever it is, and all it told is read.
  void Stop() {
    ::kill(child_, SIGSTOP);
    int status = 0;
    ASSERT_EQ(::waitpid(child_, &status, WUNTRACED), child_);
    ASSERT_TRUE(WIFSTOPPED(status));
    ReadRest();
  }
  void Continue() const { ::kill(child_, SIGCONT); }
  // It is gone, and all it told is read.
  void Kill() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
    while (ReadSome()) {
    }
  }

  const std::set<std::string>& answered() const { return answered_; }

 private:
  bool ReadSome() {
    char buffer[4096];
    const ssize_t got = ::read(told_, buffer, sizeof(buffer));
    if (got <= 0) return false;
    text_.append(buffer, static_cast<std::size_t>(got));
    // The last one may be half of an id.
    std::vector<std::string> ids = absl::StrSplit(text_, '\n');
    text_ = ids.back();
    ids.pop_back();
    answered_.insert(ids.begin(), ids.end());
    return true;
  }
  void ReadRest() {
    pollfd readable{.fd = told_, .events = POLLIN, .revents = 0};
    while (::poll(&readable, 1, 0) == 1) ASSERT_TRUE(ReadSome());
  }

  pid_t child_ = 0;
  int told_ = -1;
  std::string text_;
  std::set<std::string> answered_;
};

class SqliteKillTest : public SqliteStoreTest {
 protected:
  static std::set<std::string> IdsIn(const std::string& path) {
    auto database = Database::Open(path, Database::Mode::kReadOnly);
    EXPECT_THAT(database, IsOk());
    Statement rows = database->Prepare("SELECT id FROM executions");
    std::set<std::string> ids;
    while (*rows.Step()) ids.insert(rows.Bytes(0));
    return ids;
  }
  // How many of `wanted` are not in the store.
  static std::size_t Missing(const std::set<std::string>& wanted,
                             const std::string& path) {
    const std::set<std::string> there = IdsIn(path);
    return static_cast<std::size_t>(
        std::count_if(wanted.begin(), wanted.end(),
                      [&](const auto& id) { return there.count(id) == 0; }));
  }
  // A process that is killed now leaves these.
  void CopyTo(const std::string& directory) const {
    std::filesystem::create_directory(directory);
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::copy_file(path_ + suffix,
                                 directory + "/store.db" + suffix);
    }
  }
  std::size_t Random(std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(0, most)(random_);
  }

  std::mt19937 random_{std::random_device()()};
};

// Sanitizers make each round several times as long.
constexpr int kKills = kSanitized ? 60 : 200;

TEST_F(SqliteKillTest, WhatWasAnsweredOutlivesEveryKill) {
  for (int round = 0; round < kKills; ++round) {
    Committer committer(path_, absl::StrCat("r", round));
    committer.WaitForAnswers(Random(20));
    committer.Kill();

    const auto store = SqliteStore::Open({.path = path_, .observer = {}});
    ASSERT_THAT(store, IsOk());
    EXPECT_EQ(Missing(committer.answered(), path_), 0U);
    EXPECT_FALSE(IsRestored(**store)) << "it was killed, nothing else";
  }
  EXPECT_THAT(*CheckStoreFile(path_), IsEmpty());
}

TEST_F(SqliteKillTest, CopiesAtAnyMomentAreWhole) {
  for (int round = 0; round < 10; ++round) {
    // A small store each time: what is looked for is in the moments.
    for (const char* suffix : {"", "-wal", "-shm", ".mark"}) {
      std::filesystem::remove(path_ + suffix);
    }
    Committer committer(path_, "e");
    committer.WaitForAnswers(1);
    for (int copy = 0; copy < 20; ++copy) {
      committer.WaitForAnswers(Random(15));
      committer.Stop();
      const std::string directory =
          absl::StrCat(directory_.path(), "/", round, "-", copy);
      CopyTo(directory);
      committer.Continue();

      const std::string path = directory + "/store.db";
      const auto store = SqliteStore::Open({.path = path, .observer = {}});
      ASSERT_THAT(store, IsOk());
      EXPECT_EQ(Missing(committer.answered(), path), 0U);
      EXPECT_TRUE(IsRestored(**store)) << "a copy has no mark";
      EXPECT_THAT(*CheckStoreFile(path), IsEmpty());
      std::filesystem::remove_all(directory);
    }
  }
}

}  // namespace
}  // namespace airlock::policy
