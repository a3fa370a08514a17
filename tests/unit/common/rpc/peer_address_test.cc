#include "common/rpc/peer_address.h"

#include <gmock/gmock.h>

#include "tests/unit/common/rpc/rpc_fixture.h"

namespace airlock {
namespace {

TEST(PeerAddressTest, PortAndSchemeAreNoPartOfAnAddress) {
  EXPECT_EQ(PeerAddress("ipv4:10.0.0.1:4711"), "10.0.0.1");
  EXPECT_EQ(PeerAddress("ipv6:[2001:db8::1]:4711"), "2001:db8::1");
}

TEST(PeerAddressTest, EscapesOfGrpcAreUndone) {
  EXPECT_EQ(PeerAddress("ipv6:%5B::1%5D:4711"), "::1");
  EXPECT_EQ(PeerAddress("ipv6:%5Bfe80::1%25eth0%5D:4711"), "fe80::1%eth0");
}

TEST(PeerAddressTest, WhatIsNoAddressStays) {
  EXPECT_EQ(PeerAddress("unix:/run/airlock.sock"), "unix:/run/airlock.sock");
  EXPECT_EQ(PeerAddress(""), "");
  EXPECT_EQ(PeerAddress("ipv4:"), "");
}

TEST_F(RpcTest, PeerAddressIsThatOfTheConnection) {
  std::string address;
  service_.on_get = [&address](const grpc::ServerContextBase& context) {
    address = PeerAddressOf(context);
    return absl::OkStatus();
  };
  Start();

  ASSERT_TRUE(Get(ChannelAs(airlock::v1::PEER_ROLE_GATEWAY)).ok());

  EXPECT_EQ(address, "127.0.0.1");
}

}  // namespace
}  // namespace airlock
