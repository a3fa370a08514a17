// A policy service that is killed right before and right after each commit.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/integration/policy/evidence.h"
#include "tests/integration/policy/ledger.h"
#include "tests/integration/policy/life.h"
#include "tests/integration/policy/scripted_executor.h"
#include "tests/integration/policy/service.h"
#include "tests/support/sanitized.h"
#include "tests/support/temporary_directory.h"

namespace airlock::policy {
namespace {

// More than a life has.
constexpr int kMaxCommits = 200;
// Sanitizers make each life ten times as long: every third commit then.
constexpr int kStep = kSanitized ? 3 : 1;

using Ends = std::map<std::string, std::set<std::string>>;

// How everything ends when nothing goes wrong.
Ends PlannedEnds() {
  return {{"ada/r1", {"EXITED"}},      {"quinn/r1", {"EXITED"}},
          {"rex/r1", {"REJECTED"}},    {"rex/r2", {"REJECTED"}},
          {"stan/r1", {"EXITED"}},     {"stan/r2", {"EXITED"}},
          {"stan/r3", {"EXITED"}},     {"sam/r1", {"EXITED"}},
          {"sam/r2", {"EXITED"}},      {"cal/r1", {"CANCELLED"}},
          {"cal/r2", {"CANCELLED"}},   {"cal/r3", {"CANCELLED"}},
          {"cal/r4", {"CANCELLED"}},   {"fay/r1", {"EXITED"}},
          {"fay/r2", {"NOT_STARTED"}}, {"pol/r1", {"DENIED"}},
          {"pol/r2", {"DENIED"}},      {"pol/r3", {"DENIED"}},
          {"dan/r1", {"EXPIRED"}}};
}

// How it may end as well when the service was killed.
Ends EndsAfterAKill() {
  Ends ends = PlannedEnds();
  // Its job and its grant were on their way together.
  ends["sam/r2"].insert("NOT_STARTED");
  // The wish to cancel it came too late, and the service that forgot it was not
  // told again in time.
  ends["cal/r3"].insert("EXITED");
  ends["cal/r4"].insert("EXITED");
  // It was not frozen yet.
  ends["fay/r2"].insert("EXITED");
  return ends;
}

// And when the executor was killed with it.
Ends EndsAfterAKillOfBoth() {
  Ends ends = EndsAfterAKill();
  for (const char* started :
       {"ada/r1", "quinn/r1", "stan/r1", "stan/r2", "stan/r3", "sam/r1",
        "sam/r2", "cal/r3", "cal/r4", "fay/r1", "fay/r2"}) {
    ends[started].insert("OUTCOME_UNKNOWN");
  }
  return ends;
}

// Dies at one point of the so manieth commit.
std::function<void(CommitPoint)> DieAt(int commit, CommitPoint point) {
  return [commit, point, count = 0](CommitPoint at) mutable {
    if (at != point || ++count != commit) return;
    // Nobody would hear of it any more.
    if (testing::Test::HasFailure()) std::_Exit(EXIT_FAILURE);
    ::kill(::getpid(), SIGKILL);
  };
}

class KillPointsTest : public testing::TestWithParam<CommitPoint> {
 protected:
  World MakeWorld(const std::string& name) {
    World world{directory_ / name, beginning_, key_};
    std::filesystem::create_directory(world.directory);
    return world;
  }

  World CopyOf(const World& world) {
    World copy = world;
    copy.directory += "-copy";
    std::filesystem::copy(world.directory, copy.directory);
    return copy;
  }

  // Lives in a process that dies at this commit. False: it had no such commit,
  // and lived to the end.
  static bool DiesAt(const World& world, int commit, CommitPoint point) {
    const pid_t child = ::fork();
    if (child == 0) {
      Ledger ledger(world.ledger_path());
      Service service(world, ledger, DieAt(commit, point));
      service.Begin();
      Life(service, ledger).Live();
      std::_Exit(testing::Test::HasFailure() ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
        << "the life did not go as planned; it has said how";
    return false;
  }

  // Looks at what is there, lives to the end over it, and looks again.
  static void GoOn(const World& world, const Ends& expected) {
    Ledger ledger(world.ledger_path());
    Service service(world, ledger, nullptr);
    CheckWhatWasTold(service.store(), ledger);
    service.Begin();
    Life life(service, ledger);
    life.Live();
    CheckWhatWasTold(service.store(), ledger);
    CheckWhatIsLeft(service.store(), ledger, world.store_path());
    const auto ends = EndsIn(service.store());
    EXPECT_EQ(ends.size(), expected.size());
    for (const auto& [name, end] : ends) {
      EXPECT_EQ(expected.at(name).count(end), 1U) << name << ": " << end;
    }
  }

  const TemporaryDirectory directory_;
  const absl::Time beginning_ = absl::Now();
  const std::shared_ptr<const SigningKey> key_ =
      std::make_shared<const SigningKey>(SigningKey::Generate());
};

TEST_P(KillPointsTest, NothingIsLostAndNothingRunsTwice) {
  int commit = 1;
  for (; commit <= kMaxCommits; commit += kStep) {
    SCOPED_TRACE(absl::StrCat("killed at commit ", commit));
    const World world = MakeWorld(absl::StrCat(commit));
    if (!DiesAt(world, commit, GetParam())) {
      GoOn(world, PlannedEnds());
      break;
    }
    const World both = CopyOf(world);
    {
      Ledger ledger(both.ledger_path());
      ScriptedExecutor::Restart(ledger);
    }
    GoOn(both, EndsAfterAKillOfBoth());

    // It dies once more, soon after it has begun again.
    DiesAt(world, 1 + commit % 3, GetParam());
    GoOn(world, EndsAfterAKill());
    if (HasFailure()) return;
    std::filesystem::remove_all(world.directory);
    std::filesystem::remove_all(both.directory);
  }
  EXPECT_GT(commit, 45) << "so many commits has a life at least";
  EXPECT_LE(commit, kMaxCommits) << "a life has no end";
}

INSTANTIATE_TEST_SUITE_P(, KillPointsTest,
                         testing::Values(CommitPoint::kBefore,
                                         CommitPoint::kAfter),
                         [](const auto& point) {
                           return point.param == CommitPoint::kBefore
                                      ? "BeforeEachCommit"
                                      : "AfterEachCommit";
                         });

}  // namespace
}  // namespace airlock::policy
