#include "services/policy/rpc/audit_handler.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/v1/audit.grpc.pb.h"
#include "common/audit_chain/chain_verifier.h"
#include "common/audit_chain/checkpoint.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "common/security/authenticator.h"
#include "common/security/tls.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/store/memory/memory_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditCheckpoint;
using airlock::v1::AuditRecord;
using airlock::v1::AuditService;
using airlock::v1::ExportAuditRecordsRequest;
using airlock::v1::ListAuditRecordsRequest;
using airlock::v1::SealedAuditRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What an export brought.
struct Export {
  std::vector<SealedAuditRecord> records;
  std::vector<AuditCheckpoint> checkpoints;
  absl::Status status;
};

std::vector<std::uint64_t> SequencesOf(
    const google::protobuf::RepeatedPtrField<SealedAuditRecord>& records) {
  std::vector<std::uint64_t> sequences;
  for (const SealedAuditRecord& sealed : records) {
    AuditRecord record;
    EXPECT_TRUE(record.ParseFromString(sealed.record()));
    sequences.push_back(record.sequence());
  }
  return sequences;
}

// The token is the role's word.
class RoleAuthenticator final : public Authenticator {
 public:
  absl::StatusOr<Principal> Authenticate(absl::string_view token) override {
    if (token == "agent") return As(airlock::v1::PRINCIPAL_ROLE_AGENT);
    if (token == "approver") return As(airlock::v1::PRINCIPAL_ROLE_APPROVER);
    if (token == "auditor") return As(airlock::v1::PRINCIPAL_ROLE_AUDITOR);
    if (token == "operator") return As(airlock::v1::PRINCIPAL_ROLE_OPERATOR);
    return absl::UnauthenticatedError("nobody has this token");
  }

 private:
  static Principal As(airlock::v1::PrincipalRole role) { return {"it", role}; }
};

// The handler behind real mutual TLS, as a gateway calls it.
class AuditHandlerTest : public testing::Test {
 protected:
  AuditHandlerTest()
      : table_({AuditService::service_full_name()}),
        caller_(table_, authenticator_),
        handler_(caller_, store_, key_, clock_) {
    RpcServerOptions options;
    options.listen = "127.0.0.1:0";
    options.credentials = *MutualTlsServerCredentials(
        certs_.ForRole(airlock::v1::PEER_ROLE_POLICY), "policy.tls");
    options.services = {Serve<AuditService>(handler_)};
    server_ = *RpcServer::Start(options);
    stub_ = AuditService::NewStub(MakeChannel(
        absl::StrCat("127.0.0.1:", server_->port()),
        *MutualTlsChannelCredentials(
            certs_.ForRole(airlock::v1::PEER_ROLE_GATEWAY), "test.tls"),
        {.tls_name = PeerDnsName(airlock::v1::PEER_ROLE_POLICY)}));
  }

  void Append(int count) {
    Transaction transaction;
    for (int i = 0; i < count; ++i) {
      AuditEntry entry;
      entry.record.set_actor(absl::StrCat("actor-", i));
      entry.payload = absl::StrCat("{\"i\":", i, "}");
      transaction.audit.push_back(std::move(entry));
    }
    store_.Commit(std::move(transaction), [](const absl::Status& status) {
      ASSERT_THAT(status, IsOk());
    });
  }

  static void Authorize(grpc::ClientContext& context,
                        const std::string& token) {
    SetTimeout(context, absl::Seconds(10));
    context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
  }

  absl::StatusOr<airlock::v1::ListAuditRecordsResponse> List(
      const ListAuditRecordsRequest& request,
      const std::string& token = "auditor") {
    grpc::ClientContext context;
    Authorize(context, token);
    airlock::v1::ListAuditRecordsResponse response;
    const absl::Status status =
        FromGrpcStatus(stub_->ListAuditRecords(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  Export ExportAll(const ExportAuditRecordsRequest& request,
                   const std::string& token = "auditor") {
    grpc::ClientContext context;
    Authorize(context, token);
    const auto reader = stub_->ExportAuditRecords(&context, request);
    Export result;
    airlock::v1::ExportAuditRecordsResponse response;
    while (reader->Read(&response)) {
      if (response.has_record()) result.records.push_back(response.record());
      if (response.has_checkpoint()) {
        result.checkpoints.push_back(response.checkpoint());
      }
    }
    result.status = FromGrpcStatus(reader->Finish());
    return result;
  }

  TestCerts certs_;
  AccessTable table_;
  RoleAuthenticator authenticator_;
  CallerCheck caller_;
  MemoryStore store_{1000};
  SigningKey key_ = SigningKey::Generate();
  FakeClock clock_;
  AuditHandler handler_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<AuditService::Stub> stub_;
};

TEST_F(AuditHandlerTest, ListsPagesNewestFirst) {
  Append(5);
  ListAuditRecordsRequest request;
  request.set_page_size(3);

  const auto first = List(request);
  ASSERT_THAT(first, IsOk());
  request.set_page_token(first->next_page_token());
  const auto second = List(request);
  ASSERT_THAT(second, IsOk());

  EXPECT_THAT(SequencesOf(first->records()), ElementsAre(5, 4, 3));
  EXPECT_THAT(SequencesOf(second->records()), ElementsAre(2, 1));
  EXPECT_EQ(second->next_page_token(), "");
}

TEST_F(AuditHandlerTest, ListsOnlyWhatTheFilterNames) {
  Append(5);
  ListAuditRecordsRequest request;
  request.mutable_filter()->set_text("actor-3");

  const auto page = List(request);

  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(SequencesOf(page->records()), ElementsAre(4));
}

TEST_F(AuditHandlerTest, WrongRequestsAreRefused) {
  ListAuditRecordsRequest list;
  list.set_page_size(-1);
  EXPECT_THAT(List(list), StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("page_size")));
  list.set_page_size(0);
  list.set_page_token("nonsense");
  EXPECT_THAT(List(list), StatusIs(absl::StatusCode::kInvalidArgument));
  list.clear_page_token();
  list.GetReflection()->MutableUnknownFields(&list)->AddVarint(99, 1);
  EXPECT_THAT(List(list), StatusIs(absl::StatusCode::kInvalidArgument));

  ExportAuditRecordsRequest request;
  request.set_from_sequence(2);
  request.set_to_sequence(1);
  EXPECT_THAT(
      ExportAll(request).status,
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("to_sequence")));
}

TEST_F(AuditHandlerTest, OnlyAuditorsAndOperatorsMayRead) {
  Append(1);
  for (const char* token : {"auditor", "operator"}) {
    EXPECT_THAT(List({}, token), IsOk()) << token;
    EXPECT_THAT(ExportAll({}, token).status, IsOk()) << token;
  }
  for (const char* token : {"agent", "approver"}) {
    EXPECT_EQ(ErrorReason(List({}, token).status()), "ROLE_NOT_ALLOWED");
    const Export refused = ExportAll({}, token);
    EXPECT_EQ(ErrorReason(refused.status), "ROLE_NOT_ALLOWED");
    EXPECT_THAT(refused.records, IsEmpty());
  }
}

TEST_F(AuditHandlerTest, ExportsTheWholeChainAndASignedCheckpoint) {
  Append(250);

  const Export exported = ExportAll({});

  ASSERT_THAT(exported.status, IsOk());
  ASSERT_THAT(exported.records, SizeIs(250));
  ChainVerifier verifier;
  for (const SealedAuditRecord& sealed : exported.records) {
    ASSERT_THAT(verifier.Add(sealed), IsOk());
  }
  ASSERT_THAT(exported.checkpoints, SizeIs(1));
  const AuditCheckpoint& checkpoint = exported.checkpoints.front();
  EXPECT_EQ(checkpoint.writer(), verifier.head().writer);
  EXPECT_EQ(checkpoint.sequence(), 250U);
  EXPECT_EQ(checkpoint.hash(), verifier.head().hash);
  EXPECT_EQ(FromProto(checkpoint.time()), clock_.Now());
  std::vector<VerifyKey> keys;
  keys.push_back(key_.verify_key());
  EXPECT_THAT(VerifyCheckpoint(keys, checkpoint), IsOk());
}

TEST_F(AuditHandlerTest, ExportsExactlyTheRangeThatIsAskedFor) {
  Append(250);
  ExportAuditRecordsRequest request;
  request.set_from_sequence(50);
  request.set_to_sequence(160);

  const Export exported = ExportAll(request);

  ASSERT_THAT(exported.status, IsOk());
  ASSERT_THAT(exported.records, SizeIs(111));
  ChainVerifier verifier(50);
  for (const SealedAuditRecord& sealed : exported.records) {
    ASSERT_THAT(verifier.Add(sealed), IsOk());
  }
  ASSERT_THAT(exported.checkpoints, SizeIs(1));
  EXPECT_EQ(exported.checkpoints.front().sequence(), 160U);
  EXPECT_EQ(exported.checkpoints.front().hash(), verifier.head().hash);
}

TEST_F(AuditHandlerTest, WhatIsNotThereIsAnEmptyExport) {
  EXPECT_THAT(ExportAll({}).status, IsOk());
  Append(3);
  ExportAuditRecordsRequest request;
  request.set_from_sequence(4);

  const Export exported = ExportAll(request);

  EXPECT_THAT(exported.status, IsOk());
  EXPECT_THAT(exported.records, IsEmpty());
  EXPECT_THAT(exported.checkpoints, IsEmpty());
}

TEST_F(AuditHandlerTest, AnExportBeginsWithWhatIsKept) {
  // Ten times as many records as executions are kept.
  Append(10'050);
  ExportAuditRecordsRequest request;
  request.set_to_sequence(55);

  const Export exported = ExportAll(request);

  ASSERT_THAT(exported.status, IsOk());
  ASSERT_THAT(exported.records, SizeIs(5));
  ChainVerifier verifier(51);
  EXPECT_THAT(verifier.Add(exported.records.front()), IsOk());
  request.set_to_sequence(50);
  EXPECT_THAT(ExportAll(request).records, IsEmpty());
}

TEST_F(AuditHandlerTest, AClientThatGoesAwayEndsItsExport) {
  Append(1000);
  grpc::ClientContext context;
  Authorize(context, "auditor");
  const auto reader = stub_->ExportAuditRecords(&context, {});
  airlock::v1::ExportAuditRecordsResponse response;
  ASSERT_TRUE(reader->Read(&response));

  context.TryCancel();
  while (reader->Read(&response)) {
  }

  EXPECT_THAT(FromGrpcStatus(reader->Finish()),
              StatusIs(absl::StatusCode::kCancelled));
  // Waits for the stream, which would hang here if it did not end.
  server_->Drain(absl::InfiniteFuture());
}

}  // namespace
}  // namespace airlock::policy
