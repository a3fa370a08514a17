#include "common/rpc/grpc_metrics.h"

#include <gmock/gmock.h>
#include <prometheus/text_serializer.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/common/rpc/rpc_fixture.h"

namespace airlock {
namespace {

using testing::HasSubstr;

class GrpcMetricsTest : public RpcTest {
 protected:
  GrpcMetricsTest() { Start(); }

  std::string Metrics() {
    // A call's status is counted just before it is sent; its end only when
    // everything is done. So the server goes first.
    server_.reset();
    return prometheus::TextSerializer().Serialize(registry_->Collect());
  }
};

constexpr char kGetLabels[] =
    "grpc_method=\"GetExecution\",grpc_service=\"airlock.v1.ExecutionService\","
    "grpc_type=\"unary\"} ";

TEST_F(GrpcMetricsTest, EverySeriesStartsAtZero) {
  const std::string text = Metrics();

  EXPECT_THAT(text, HasSubstr(absl::StrCat("grpc_server_started_total{",
                                           kGetLabels, "0")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat(
                        "grpc_server_handled_total{grpc_code=\"DataLoss\",",
                        kGetLabels, "0")));
  EXPECT_THAT(text, HasSubstr("grpc_type=\"server_stream\""));
}

TEST_F(GrpcMetricsTest, CallsAreCountedByCode) {
  const auto channel = ChannelAs(airlock::v1::PEER_ROLE_GATEWAY);
  ASSERT_THAT(Get(channel), IsOk());
  service_.on_get = [](const grpc::ServerContextBase&) {
    return absl::NotFoundError("no");
  };
  ASSERT_THAT(Get(channel), StatusIs(absl::StatusCode::kNotFound));

  const std::string text = Metrics();

  EXPECT_THAT(text, HasSubstr(absl::StrCat("grpc_server_started_total{",
                                           kGetLabels, "2")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat(
                        "grpc_server_handled_total{grpc_code=\"OK\",",
                        kGetLabels, "1")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat(
                        "grpc_server_handled_total{grpc_code=\"NotFound\",",
                        kGetLabels, "1")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("grpc_server_msg_received_total{",
                                           kGetLabels, "2")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("grpc_server_msg_sent_total{",
                                           kGetLabels, "1")));
  EXPECT_THAT(text,
              HasSubstr(absl::StrCat("grpc_server_handling_seconds_count{",
                                     kGetLabels, "2")));
}

}  // namespace
}  // namespace airlock
