// Which peer may call what behind the front door. As in the table of the public
// methods: written out apart from the options it is about.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "airlock/internal/v1/refusal.pb.h"
#include "common/rpc/channel.h"
#include "common/security/tls.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "tests/integration/services/stack.h"
#include "tests/support/raw_call.h"

namespace airlock {
namespace {

struct Row {
  std::string method;
  bool gateway;
  bool policy;
  bool executor;
};

const std::vector<Row>& Table() {
  static const auto* const kTable = new std::vector<Row>{
      // gateway, policy, executor
      {"ExecutorLinkService/Connect", false, false, true},
      {"RefusalService/ReportRefusals", true, false, false},
  };
  return *kTable;
}

class PeerRolesTest : public testing::Test {
 protected:
  // Calls the policy service with an empty message.
  bool MayCall(const std::string& method, airlock::v1::PeerRole role) {
    const auto channel = MakeChannel(
        absl::StrCat("127.0.0.1:", stack_.policy().port()),
        *MutualTlsChannelCredentials(stack_.certs().ForRole(role), "test"),
        {PeerDnsName(airlock::v1::PEER_ROLE_POLICY)});
    const absl::Status status =
        RawCall(channel, absl::StrCat("/airlock.internal.v1.", method), "")
            .status();
    // Else it was not the role that decided.
    EXPECT_FALSE(absl::IsUnimplemented(status)) << status;
    EXPECT_FALSE(absl::IsUnavailable(status)) << status;
    return ErrorReason(status) != "PEER_ROLE_NOT_ALLOWED";
  }

  Stack stack_;
};

TEST_F(PeerRolesTest, EveryPeerMayCallWhatTheTableSaysAndNothingElse) {
  for (const Row& row : Table()) {
    EXPECT_EQ(MayCall(row.method, airlock::v1::PEER_ROLE_GATEWAY), row.gateway)
        << row.method;
    EXPECT_EQ(MayCall(row.method, airlock::v1::PEER_ROLE_POLICY), row.policy)
        << row.method;
    EXPECT_EQ(MayCall(row.method, airlock::v1::PEER_ROLE_EXECUTOR),
              row.executor)
        << row.method;
  }
}

TEST_F(PeerRolesTest, TableHasEveryInternalMethod) {
  google::protobuf::LinkMessageReflection<
      airlock::internal::v1::ConnectRequest>();
  google::protobuf::LinkMessageReflection<
      airlock::internal::v1::ReportRefusalsRequest>();
  std::set<std::string> exist;
  for (const char* file : {"executor_link", "refusal"}) {
    const google::protobuf::FileDescriptor* schema =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
            absl::StrCat("airlock/internal/v1/", file, ".proto"));
    ASSERT_NE(schema, nullptr) << file;
    for (int i = 0; i < schema->service_count(); ++i) {
      const google::protobuf::ServiceDescriptor& service = *schema->service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        exist.insert(
            absl::StrCat(service.name(), "/", service.method(j)->name()));
      }
    }
  }
  std::set<std::string> written;
  for (const Row& row : Table()) written.insert(row.method);

  EXPECT_EQ(written, exist);
}

TEST_F(PeerRolesTest, CredentialOfAPrincipalOpensNoInternalMethod) {
  const auto gateway = stack_.Connection();
  for (const Row& row : Table()) {
    EXPECT_TRUE(absl::IsUnimplemented(
        RawCall(gateway, absl::StrCat("/airlock.internal.v1.", row.method), "",
                {{"authorization", "Bearer token-of-olga"}})
            .status()))
        << row.method;
  }
}

}  // namespace
}  // namespace airlock
