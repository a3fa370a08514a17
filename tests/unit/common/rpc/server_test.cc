#include "common/rpc/server.h"

#include <gmock/gmock.h>

#include <future>

#include "common/rpc/probe_server.h"
#include "tests/support/raw_call.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/rpc/rpc_fixture.h"

namespace airlock {
namespace {

using testing::HasSubstr;

class RpcServerTest : public RpcTest {
 protected:
  RpcServerTest() { Start(); }
};

TEST_F(RpcServerTest, ReadinessAndLivenessAreApart) {
  const auto channel = ChannelAs(airlock::v1::PEER_ROLE_GATEWAY);
  EXPECT_FALSE(*IsServing(channel, "readiness"));
  EXPECT_TRUE(*IsServing(channel, "liveness"));

  server_->SetReady(true);
  server_->SetLive(false);

  EXPECT_TRUE(*IsServing(channel, "readiness"));
  EXPECT_FALSE(*IsServing(channel, "liveness"));
  EXPECT_THAT(IsServing(channel, "nothing"),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(RpcServerTest, ReflectionListsTheServices) {
  // ServerReflectionRequest{list_services = ""}.
  absl::StatusOr<std::string> response =
      RawCall(ChannelAs(airlock::v1::PEER_ROLE_GATEWAY),
              "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              absl::string_view("\x3a\x00", 2));

  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(*response, HasSubstr("airlock.v1.ExecutionService"));
}

TEST_F(RpcServerTest, PeerWithoutCertificateIsNotServed) {
  const auto channel =
      MakeChannel(absl::StrCat("127.0.0.1:", server_->port()),
                  *TlsChannelCredentials(certs_.ca_path(), "test.tls"),
                  {.tls_name = "policy.airlock.internal"});

  EXPECT_THAT(Get(channel), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(RpcServerTest, PeerOfAnotherAuthorityIsNotServed) {
  TestCerts others;
  TlsFiles files = others.ForRole(airlock::v1::PEER_ROLE_GATEWAY);
  files.ca_path = certs_.ca_path();

  EXPECT_THAT(Get(ChannelWith(files)),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(RpcServerTest, DiallerRefusesAServerOfAnotherRole) {
  RpcServerOptions options = Options();
  options.credentials = *MutualTlsServerCredentials(
      certs_.Make("executor.airlock.internal", {"airlock://role/executor"}),
      "policy.tls");
  server_ = *RpcServer::Start(options);

  EXPECT_THAT(Get(ChannelAs(airlock::v1::PEER_ROLE_GATEWAY)),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(RpcServerTest, OccupiedPortIsAnError) {
  RpcServerOptions options = Options();
  TestExecutionService other;
  options.services = {Serve<airlock::v1::ExecutionService>(other)};
  options.registry = nullptr;
  options.listen = absl::StrCat("127.0.0.1:", server_->port());

  EXPECT_THAT(
      RpcServer::Start(options),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr(options.listen)));
}

TEST_F(RpcServerTest, MessageOverTheWireLimitIsRefused) {
  const std::string request(kMaxWireMessageBytes + 1, 'x');

  EXPECT_THAT(RawCall(ChannelAs(airlock::v1::PEER_ROLE_GATEWAY),
                      "/airlock.v1.ExecutionService/GetExecution", request),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(RpcServerTest, LargestMessagePasses) {
  airlock::v1::GetExecutionRequest request;
  request.set_id(std::string(kMaxMessageBytes, 'x'));

  EXPECT_THAT(RawCall(ChannelAs(airlock::v1::PEER_ROLE_GATEWAY),
                      "/airlock.v1.ExecutionService/GetExecution",
                      request.SerializeAsString()),
              IsOk());
}

TEST_F(RpcServerTest, DrainCutsWhatIsLeftAtTheDeadline) {
  const auto channel = ChannelAs(airlock::v1::PEER_ROLE_GATEWAY);
  auto call = std::async(std::launch::async, [&] {
    return RawCall(channel, "/airlock.v1.ExecutionService/WatchExecution", "");
  });
  service_.watching.WaitForNotification();

  server_->Drain(absl::Now() + absl::Milliseconds(50));

  EXPECT_FALSE(call.get().ok());
  EXPECT_THAT(Get(channel), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(RpcServerTest, DestructionCutsWhatIsLeft) {
  const auto channel = ChannelAs(airlock::v1::PEER_ROLE_GATEWAY);
  auto call = std::async(std::launch::async, [&] {
    return RawCall(channel, "/airlock.v1.ExecutionService/WatchExecution", "");
  });
  service_.watching.WaitForNotification();

  const absl::Time start = absl::Now();
  server_.reset();

  EXPECT_FALSE(call.get().ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST(DeadlineTest, TimesBeforeTheEpochAreInThePast) {
  grpc::ClientContext context;

  SetDeadline(context, absl::InfinitePast());

  EXPECT_LT(absl::FromChrono(context.deadline()), absl::Now());
}

TEST(ProbeServerTest, AnswersInPlainText) {
  auto probes = ProbeServer::Start("127.0.0.1:0");
  ASSERT_THAT(probes, IsOk());
  const auto channel =
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", (*probes)->port()),
                          grpc::InsecureChannelCredentials());
  EXPECT_FALSE(*IsServing(channel, "readiness"));
  EXPECT_TRUE(*IsServing(channel, "liveness"));

  (*probes)->SetReady(true);

  EXPECT_TRUE(*IsServing(channel, "readiness"));
}

}  // namespace
}  // namespace airlock
