// Whom a cell may talk to.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <string>

#include "services/runner/unique_fd.h"
#include "tests/integration/runner/cell/cell_fixture.h"

namespace airlock::runner {
namespace {

// Listeners of the host, one on the loopback and one without a file.
class CellNetworkTest : public CellTest {
 protected:
  void SetUp() override {
    CellTest::SetUp();
    if (IsSkipped()) return;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(tcp_.get(), any, size), 0);
    ASSERT_EQ(::listen(tcp_.get(), 8), 0);
    ASSERT_EQ(::getsockname(tcp_.get(), any, &size), 0);
    port_ = std::to_string(ntohs(address.sin_port));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    name_.copy(name.sun_path + 1, sizeof(name.sun_path) - 1);
    ASSERT_EQ(::bind(unix_.get(), reinterpret_cast<const sockaddr*>(&name),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) +
                                            1 + name_.size())),
              0);
    ASSERT_EQ(::listen(unix_.get(), 8), 0);
  }

  UniqueFd tcp_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  UniqueFd unix_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string port_;
  const std::string name_ = absl::StrCat("airlock-test-", ::getpid());
};

TEST_F(CellNetworkTest, HostCannotBeReachedWithoutNetwork) {
  const auto cell = Start();

  EXPECT_EQ(OutsideEscape({"tcp", port_}), "done\n");
  EXPECT_EQ(OutsideEscape({"abstract", name_}), "done\n");
  EXPECT_EQ(cell->Escape({"tcp", port_}), "ECONNREFUSED\n");
  EXPECT_EQ(cell->Escape({"abstract", name_}), "ECONNREFUSED\n");
}

TEST_F(CellNetworkTest, HasALoopbackOfItsOwn) {
  const auto cell = Start();

  EXPECT_EQ(cell->Output("cut -d: -f1 -s /proc/net/dev | tr -d ' '"), "lo\n");
  // Refused, because nobody listens: it is up.
  EXPECT_EQ(cell->Escape({"tcp", "9"}), "ECONNREFUSED\n");
}

TEST_F(CellNetworkTest, SharesTheHostsWhereItIsAllowed) {
  const auto cell = Start({"--network", "host"});

  EXPECT_EQ(cell->Escape({"tcp", port_}), "done\n");
  EXPECT_EQ(cell->Escape({"abstract", name_}), "done\n");
}

}  // namespace
}  // namespace airlock::runner
