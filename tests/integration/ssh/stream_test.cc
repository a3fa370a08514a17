// The program that stays: much data, both ways, through a real sshd.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/security/digest.h"
#include "services/executor/backends/ssh/connection/ssh_connection.h"
#include "tests/integration/ssh/ssh_test.h"
#include "tests/support/sanitized.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_sshd.h"

namespace airlock::executor {
namespace {

constexpr std::size_t kMuch = std::size_t{kSanitized ? 20 : 100} << 20U;

// Bytes in which every place is different, so that none can be lost, doubled
// or moved unseen.
std::string Numbers(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t state = 1;
  for (char& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56U);
  }
  return bytes;
}

// Sends all of `input`, reads until `expected` bytes came or an end; the way a
// thread that serves one connection does it.
class Exchange {
 public:
  Exchange(SshConnection& connection, absl::string_view input,
           std::size_t expected)
      : connection_(connection), input_(input), expected_(expected) {}

  std::string Output() {
    output_.reserve(expected_);
    while (output_.size() < expected_ && !over_) {
      const bool gave = Give();
      if (!Take() && !gave &&
          !WaitForSocket(connection_.fd(), connection_.poll_events(), Soon())) {
        ADD_FAILURE() << "nothing comes any more, after " << output_.size();
        break;
      }
    }
    return std::move(output_);
  }

 private:
  bool Take() {
    const auto received = connection_.Receive(buffer_.data(), buffer_.size());
    EXPECT_THAT(received, IsOk());
    over_ = over_ || !received.ok();
    if (over_ || !received->has_value()) return false;
    const Received& part = **received;
    over_ = part.size == 0;
    if (part.source == Source::kOutput) {
      output_.append(buffer_.data(), part.size);
    }
    return true;
  }

  bool Give() {
    if (input_.empty()) return false;
    const auto count = connection_.Send(input_);
    EXPECT_THAT(count, IsOk());
    over_ = over_ || !count.ok();
    if (over_) return false;
    input_.remove_prefix(*count);
    return *count > 0;
  }

  SshConnection& connection_;
  absl::string_view input_;
  const std::size_t expected_;
  std::string output_;
  bool over_ = false;
  std::array<char, 65536> buffer_{};
};

// Sends to a frozen host until the socket takes no more and a packet is half
// on its way. How many bytes were taken.
std::size_t FillLine(SshConnection& connection, absl::string_view bytes) {
  // Less than the host's window, which would be full otherwise.
  const int small = 16 * 1024;
  setsockopt(connection.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  std::size_t sent = 0;
  for (std::size_t taken = 1; taken > 0;) {
    const auto count = connection.Send(bytes.substr(sent));
    EXPECT_THAT(count, IsOk());
    taken = count.value_or(0);
    sent += taken;
  }
  EXPECT_EQ(connection.poll_events(), POLLOUT);
  return sent;
}

TEST(SshStreamTest, MuchOutputSurvivesNewKeys) {
  const TestSshd sshd({.config_lines = {"RekeyLimit 16M"}});
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());
  const std::string numbers = Numbers(kMuch);
  WriteText(sshd.home() + "/numbers", numbers, std::filesystem::perms{0644});
  ASSERT_THAT((*connection)->StartProgram("cat ~/numbers", Soon()), IsOk());

  const absl::Time begin = absl::Now();
  const std::string output =
      Exchange(**connection, "", numbers.size()).Output();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);

  RecordProperty("megabytes_per_second",
                 static_cast<int>(static_cast<double>(kMuch) / 1e6 / seconds));
  EXPECT_TRUE(output == numbers);
}

TEST(SshStreamTest, MuchBothWaysSurvivesNewKeys) {
  const TestSshd sshd({.config_lines = {"RekeyLimit 16M"}});
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());
  const std::string numbers = Numbers(kMuch);
  ASSERT_THAT((*connection)->StartProgram("cat", Soon()), IsOk());

  const std::string output =
      Exchange(**connection, numbers, numbers.size()).Output();

  EXPECT_TRUE(output == numbers);
}

TEST(SshStreamTest, AProgramThatTakesNothingTakesNoMemory) {
  const TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());
  ASSERT_THAT((*connection)->StartProgram("sleep 1000", Soon()), IsOk());
  const std::string numbers = Numbers(std::size_t{1} << 20U);

  std::size_t taken = 0;
  std::size_t refused = 0;
  while (refused < 20 && taken < (std::size_t{64} << 20U)) {
    const auto count = (*connection)->Send(numbers);
    ASSERT_THAT(count, IsOk());
    taken += *count;
    std::array<char, 100> buffer{};
    const auto received = (*connection)->Receive(buffer.data(), buffer.size());
    ASSERT_THAT(received, IsOk());
    ASSERT_FALSE(received->has_value());
    if (*count == 0) {
      ++refused;
      WaitForSocket((*connection)->fd(), (*connection)->poll_events(),
                    absl::Now() + absl::Milliseconds(10));
    }
  }

  // The host's window is 2 MiB, its pipe 64 KiB.
  EXPECT_LT(taken, std::size_t{8} << 20U);
}

TEST(SshStreamTest, AStalledLineGoesOnWhereItStood) {
  TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());
  ASSERT_THAT((*connection)->StartProgram("cat", Soon()), IsOk());
  const std::string numbers = Numbers(std::size_t{16} << 20U);
  sshd.Freeze();
  absl::string_view left = numbers;
  left.remove_prefix(FillLine(**connection, numbers));

  EXPECT_THAT((*connection)->SendKeepalive(), IsOk());
  sshd.Thaw();
  const std::string output =
      Exchange(**connection, left, numbers.size()).Output();

  EXPECT_TRUE(output == numbers);
}

TEST(SshStreamTest, ReceivingWaitsForAPacketThatWentHalf) {
  TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());
  const std::string numbers = Numbers(std::size_t{16} << 20U);
  WriteText(sshd.home() + "/numbers", numbers, std::filesystem::perms{0644});
  ASSERT_THAT((*connection)->StartProgram("cat ~/numbers; cat", Soon()),
              IsOk());
  // The first bytes that are read make a look as large as the window widen it.
  std::vector<char> buffer(std::size_t{1} << 20U);
  ASSERT_TRUE(WaitForSocket((*connection)->fd(), POLLIN, Soon()));
  sshd.Freeze();
  const std::size_t sent = FillLine(**connection, numbers);

  const auto received = (*connection)->Receive(buffer.data(), buffer.size());
  sshd.Thaw();
  const std::string output =
      Exchange(**connection, "", numbers.size() + sent).Output();

  ASSERT_THAT(received, IsOk());
  EXPECT_FALSE(received->has_value());
  EXPECT_TRUE(output == numbers + numbers.substr(0, sent));
}

TEST(SshStreamTest, AConnectionWithHalfAPacketGoesAtOnce) {
  TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());
  ASSERT_THAT((*connection)->StartProgram("cat", Soon()), IsOk());
  sshd.Freeze();
  FillLine(**connection, Numbers(std::size_t{16} << 20U));

  connection->reset();

  sshd.Thaw();
  // Its memory is looked after by the sanitizers.
  EXPECT_THAT(Dial(PatientTarget(sshd)), IsOk());
}

TEST(SshStreamTest, ErrorsComeApartFromOutput) {
  const TestSshd sshd;
  auto connection = Dial(PatientTarget(sshd));
  ASSERT_THAT(connection, IsOk());
  ASSERT_THAT(
      (*connection)->StartProgram("echo one; echo two >&2; exit 3", Soon()),
      IsOk());

  std::array<std::string, 2> texts;
  std::array<char, 100> buffer{};
  for (bool ended = false; !ended;) {
    const auto received = (*connection)->Receive(buffer.data(), buffer.size());
    ASSERT_THAT(received, IsOk());
    if (!received->has_value()) {
      ASSERT_TRUE(WaitForSocket((*connection)->fd(),
                                (*connection)->poll_events(), Soon()));
      continue;
    }
    ended = (*received)->size == 0;
    texts.at(static_cast<std::size_t>((*received)->source))
        .append(buffer.data(), (*received)->size);
  }

  EXPECT_EQ(texts[0], "one\n");
  EXPECT_THAT(texts[1], testing::HasSubstr("two\n"));
}

}  // namespace
}  // namespace airlock::executor
