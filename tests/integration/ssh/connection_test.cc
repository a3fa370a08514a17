// Connecting to a real sshd, and running commands there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/executor/backends/ssh/connection/ssh_connection.h"
#include "tests/integration/ssh/loopback_listener.h"
#include "tests/integration/ssh/ssh_test.h"
#include "tests/support/free_port.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_sshd.h"

namespace airlock::executor {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(SshConnectionTest, RunsACommandWithInputAndBothOutputs) {
  const TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());

  const auto end =
      (*connection)
          ->Run("cat; echo \"it's $((1+1))\" >&2; exit 7", "hello", Soon());

  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(end->exit_code, 7);
  EXPECT_EQ(end->output, "hello");
  EXPECT_THAT(end->errors, HasSubstr("it's 2\n"));
}

TEST(SshConnectionTest, SaysWhichSignalEndedACommand) {
  const TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());

  const auto end = (*connection)->Run("kill -KILL $$", "", Soon());

  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(end->exit_code, 128 + SIGKILL);
}

TEST(SshConnectionTest, KeepsTheBeginningOfLongOutput) {
  const TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());

  const auto end =
      (*connection)
          ->Run("head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2", "",
                Soon());

  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(end->exit_code, 0);
  EXPECT_EQ(end->output, std::string(kMaxCommandOutput, '\0'));
  EXPECT_EQ(end->errors.size(), kMaxCommandOutput);
}

TEST(SshConnectionTest, ACommandThatReadsNoInputEnds) {
  const TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());
  const std::string input(std::size_t{16} << 20U, 'x');

  const auto end = (*connection)->Run("exec <&-; echo done", input, Soon());

  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(end->output, "done\n");
}

TEST(SshConnectionTest, OneChannelAtATimeIsEnough) {
  const TestSshd sshd({.config_lines = {"MaxSessions 1"}});
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());

  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT((*connection)->Run("cat", "some", Soon()), IsOk());
  }

  EXPECT_THAT((*connection)->StartProgram("cat", Soon()), IsOk());
  EXPECT_THAT((*connection)->Run("true", "", Soon()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(SshConnectionTest, AHostWithoutChannelsIsToldFromALostOne) {
  const TestSshd sshd({.config_lines = {"MaxSessions 0"}});
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());

  const auto end = (*connection)->Run("true", "", Soon());

  EXPECT_EQ(ErrorReason(end.status()), "SSH_CHANNEL_REFUSED");
}

TEST(SshConnectionTest, ACommandThatDoesNotEndEndsAtTheDeadline) {
  const TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());

  const auto end =
      (*connection)
          ->Run("sleep 1000", "", absl::Now() + absl::Milliseconds(200));

  EXPECT_THAT(end, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(ErrorReason(end.status()), "SSH_TIMEOUT");
}

TEST(SshConnectionTest, AFrozenHostEndsAtTheDeadline) {
  TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());

  sshd.Freeze();
  const auto end =
      (*connection)->Run("true", "", absl::Now() + absl::Milliseconds(200));

  EXPECT_EQ(ErrorReason(end.status()), "SSH_TIMEOUT");
}

TEST(SshConnectionTest, ALostConnectionIsAnErrorNotAnExitCode) {
  TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());
  ASSERT_THAT((*connection)->StartProgram("cat", Soon()), IsOk());

  sshd.Stop();

  std::array<char, 100> buffer{};
  absl::Status status;
  while (status.ok() && WaitForSocket((*connection)->fd(),
                                      (*connection)->poll_events(), Soon())) {
    const auto received = (*connection)->Receive(buffer.data(), buffer.size());
    status = received.status();
    ASSERT_FALSE(status.ok() && received->has_value());
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorReason(status), "SSH_LOST");
  EXPECT_EQ((*connection)->exit_code(), std::nullopt);
}

TEST(SshConnectionTest, UnreachableNamesHostAndPort) {
  const TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.port = FreePort();

  const auto connection = Dial(target);

  EXPECT_THAT(connection,
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr(absl::StrCat("127.0.0.1:", target.port))));
  EXPECT_EQ(ErrorReason(connection.status()), "SSH_UNREACHABLE");
}

TEST(SshConnectionTest, WithoutDescriptorsNobodyIsReachable) {
  const LoopbackListener listener;
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
  rlimit none = usual;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);

  const auto socket = HostSocket::Connect("127.0.0.1", listener.port(), Soon());

  setrlimit(RLIMIT_NOFILE, &usual);
  EXPECT_EQ(ErrorReason(socket.status()), "SSH_UNREACHABLE");
}

TEST(SshConnectionTest, AnUnknownNameIsUnreachable) {
  const TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.host = "no-such-host.invalid";

  const auto connection = Dial(target);

  EXPECT_THAT(connection, StatusIs(absl::StatusCode::kUnavailable,
                                   HasSubstr("no-such-host.invalid")));
}

TEST(SshConnectionTest, AListenerThatNeverSpeaksIsGivenUp) {
  const TestSshd sshd;
  const LoopbackListener silent;
  SshTarget target = sshd.Target();
  target.port = silent.port();
  target.connect_timeout = absl::Milliseconds(300);

  const auto connection = Dial(target);

  EXPECT_THAT(connection,
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       HasSubstr(absl::StrCat("127.0.0.1:", silent.port()))));
}

TEST(SshConnectionTest, AServerThatTakesPasswordsOnlySaysSo) {
  const TestSshd sshd({.config_lines = {"PubkeyAuthentication no",
                                        "PasswordAuthentication yes"}});

  const auto connection = Dial(PatientTarget(sshd));

  EXPECT_THAT(connection, StatusIs(absl::StatusCode::kPermissionDenied,
                                   AllOf(HasSubstr("accepts no keys"),
                                         HasSubstr("offers: password"))));
  EXPECT_EQ(ErrorReason(connection.status()), "AUTH_REFUSED");
}

TEST(SshConnectionTest, ASecondFactorIsNotPassedOver) {
  const TestSshd sshd(
      {.config_lines = {"PasswordAuthentication yes",
                        "AuthenticationMethods publickey,password"}});

  const auto connection = Dial(PatientTarget(sshd));

  EXPECT_EQ(ErrorReason(connection.status()), "AUTH_REFUSED");
}

TEST(SshConnectionTest, KeepalivesDoNotDisturbACommand) {
  const TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());

  EXPECT_THAT((*connection)->SendKeepalive(), IsOk());
  const auto end = (*connection)->Run("echo here", "", Soon());

  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(end->output, "here\n");
}

}  // namespace
}  // namespace airlock::executor
