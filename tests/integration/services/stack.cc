#include "tests/integration/services/stack.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "common/config/config_file.h"
#include "common/rpc/deadline.h"
#include "common/security/ed25519.h"
#include "common/security/random.h"
#include "tests/support/free_port.h"

namespace airlock {
namespace {

// Sandboxes outlive the executor that made them, as containers do.
class BorrowedBackend final : public executor::SandboxBackend {
 public:
  explicit BorrowedBackend(FakeSandboxBackend& backend) : backend_(backend) {}

  std::string name() const override { return backend_.name(); }
  absl::StatusOr<std::unique_ptr<executor::Sandbox>> Create(
      const executor::SandboxSpec& spec, absl::string_view execution_id,
      absl::Time deadline,
      const executor::ProgressFunction& progress) override {
    return backend_.Create(spec, execution_id, deadline, progress);
  }
  absl::Status Check(absl::Time deadline) override {
    return backend_.Check(deadline);
  }
  absl::StatusOr<std::vector<executor::BackendImage>> ListImages(
      absl::Time deadline) override {
    return backend_.ListImages(deadline);
  }
  absl::StatusOr<int> RemoveLeftovers(absl::Time deadline) override {
    return backend_.RemoveLeftovers(deadline);
  }

 private:
  FakeSandboxBackend& backend_;
};

std::string TlsText(const TlsFiles& files) {
  return absl::Substitute(R"({"certPath":"$0","keyPath":"$1","caPath":"$2"})",
                          files.cert_path, files.key_path, files.ca_path);
}

}  // namespace

Stack::Stack(std::string contract)
    : contract_(std::move(contract)),
      policy_port_(FreePort()),
      gateway_port_(FreePort()),
      web_port_(FreePort()) {
  std::vector<TestToken> tokens;
  for (const char* id : {"ada", "bob"}) {
    tokens.push_back({id, "agent", absl::StrCat("token-of-", id)});
  }
  tokens.push_back({"olga", "operator", "token-of-olga"});
  tokens.push_back({"ann", "approver", "token-of-ann"});
  tokens_path_ = certs_.WriteFile("tokens.json", TokenFileText(tokens));
  const SigningKey key = SigningKey::Generate();
  grant_key_path_ = certs_.WriteFile("grant.key", key.ToPem());
  grant_public_key_path_ =
      certs_.WriteFile("grant.pub", key.verify_key().ToPem());
  web_key_path_ = certs_.WriteFile("web.key", std::string(32, 'k'));
  StartPolicy();
  StartGateway();
}

Stack::~Stack() {
  executors_.clear();
  gateway_.reset();
  policy_.reset();
}

std::string Stack::ConfigText(const std::string& executor, int slots) {
  return absl::StrCat(
      "{", contract_,
      absl::Substitute(R"(,
      "gateway":{"listen":"127.0.0.1:$0","internalTls":$1,
                 "policyTarget":"127.0.0.1:$2","tokensPath":"$3",
                 $4"metricsListen":"127.0.0.1:0",
                 "probeListen":"127.0.0.1:0",
                 "web":{"listen":"127.0.0.1:$5","sessionKeyPath":"$6"$7}},)",
                       gateway_port_,
                       TlsText(certs_.ForRole(airlock::v1::PEER_ROLE_GATEWAY)),
                       policy_port_, tokens_path_, gateway_keys_, web_port_,
                       web_key_path_, web_keys_),
      absl::Substitute(
          R"("policy":{"listen":"127.0.0.1:$0","tls":$1,"tokensPath":"$2",
                 "grantKeyPath":"$3",$4$5"metricsListen":"127.0.0.1:0",
                 "probeListen":"127.0.0.1:0"},)",
          policy_port_, TlsText(certs_.ForRole(airlock::v1::PEER_ROLE_POLICY)),
          tokens_path_, grant_key_path_, policy_keys_, store_key_),
      absl::Substitute(
          R"("executor":{"statePath":"$0/$1","policyTargets":["127.0.0.1:$2"],
                 "tls":$3,"grantPublicKeyPath":"$4","maxRunning":$5,
                 "metricsListen":"127.0.0.1:0","probeListen":"127.0.0.1:0"}})",
          certs_.folder(), executor, policy_port_,
          TlsText(certs_.ForRole(airlock::v1::PEER_ROLE_EXECUTOR)),
          grant_public_key_path_, slots));
}

airlock::config::v1::Config Stack::Config(const std::string& executor,
                                          int slots) {
  ConfigReading reading = ReadConfigText(ConfigText(executor, slots));
  EXPECT_FALSE(reading.problems.has_errors())
      << FormatProblems(reading.problems);
  return reading.config;
}

void Stack::StartPolicy() {
  ProblemList problems;
  auto started = policy::PolicyApp::Start(
      policy::PolicyConfigFromProto(Config(), problems));
  ASSERT_FALSE(problems.has_errors()) << FormatProblems(problems);
  ASSERT_TRUE(started.ok()) << started.status();
  policy_ = *std::move(started);
}

void Stack::StartGateway() {
  ProblemList problems;
  auto started = gateway::GatewayApp::Start(
      gateway::GatewaySettingsFrom(Config(), problems));
  ASSERT_FALSE(problems.has_errors()) << FormatProblems(problems);
  ASSERT_TRUE(started.ok()) << started.status();
  gateway_ = *std::move(started);
}

void Stack::AcceptCertificates(const std::string& client_ca_path,
                               bool policy_too) {
  const std::string authority =
      absl::Substitute(R"("clientCaPath":"$0",)", client_ca_path);
  const TlsFiles files = certs_.Make("gateway.example", {});
  gateway_keys_ =
      absl::Substitute(R"($0"tls":{"certPath":"$1","keyPath":"$2"},)",
                       authority, files.cert_path, files.key_path);
  policy_keys_ = policy_too ? authority : "";
  StopGateway();
  StopPolicy();
  StartPolicy();
  StartGateway();
}

void Stack::SignOutAfter(absl::Duration lifetime) {
  web_keys_ = absl::Substitute(R"(,"sessionLifetime":$0)",
                               absl::ToInt64Milliseconds(lifetime));
  StopGateway();
  StartGateway();
}

void Stack::WithdrawTokens() {
  certs_.WriteFile("tokens.json",
                   TokenFileText({{"olga", "operator", "token-of-olga"}}));
}

void Stack::KeepInFile() {
  store_key_ = absl::Substitute(R"("storePath":"$0",)", store_path());
  StopPolicy();
  StartPolicy();
}

void Stack::StartExecutor(const std::string& name, int slots, bool keeps_warm) {
  std::unique_ptr<FakeSandboxBackend>& backend = backends_[name];
  if (backend == nullptr) backend = std::make_unique<FakeSandboxBackend>();
  std::filesystem::create_directories(absl::StrCat(certs_.folder(), "/", name));
  ProblemList problems;
  executor::ExecutorConfig config =
      executor::ExecutorConfigFromProto(Config(name, slots), problems);
  if (!keeps_warm) {
    config.warm_targets.clear();
    config.tried_sandbox.reset();
  }
  ASSERT_FALSE(problems.has_errors()) << FormatProblems(problems);
  auto started = executor::ExecutorApp::Start(
      config, [&backend](const executor::BackendIdentity&) {
        return std::make_unique<BorrowedBackend>(*backend);
      });
  ASSERT_TRUE(started.ok()) << started.status();
  executors_[name] = *std::move(started);
}

void Stack::WaitReady() {
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  for (const auto& [name, executor] : executors_) {
    while (!executor->ready() && absl::Now() < give_up) {
      absl::SleepFor(absl::Milliseconds(5));
    }
    ASSERT_TRUE(executor->ready()) << name;
  }
  ASSERT_TRUE(grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials())
                  ->WaitForConnected(absl::ToChronoTime(give_up)));
  // It may have lost the policy service and not noticed that it is back.
  airlock::v1::GetExecutionRequest request;
  request.set_id("none");
  airlock::v1::GetExecutionResponse response;
  grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE;
  const auto client = Client();
  while (code == grpc::StatusCode::UNAVAILABLE && absl::Now() < give_up) {
    code =
        client->GetExecution(As("olga").get(), request, &response).error_code();
  }
  ASSERT_EQ(code, grpc::StatusCode::NOT_FOUND);
}

std::string Stack::Address() const {
  return absl::StrCat("127.0.0.1:", gateway_port_);
}

std::shared_ptr<grpc::Channel> Stack::Connection() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // How much is under way to a client is the client's choice: little, so that
  // what a slow one holds up is what the services hold.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  return grpc::CreateCustomChannel(
      Address(), grpc::InsecureChannelCredentials(), arguments);
}

std::unique_ptr<airlock::v1::ExecutionService::Stub> Stack::Client() const {
  return airlock::v1::ExecutionService::NewStub(Connection());
}

std::unique_ptr<airlock::v1::ExecutorService::Stub> Stack::OperatorClient()
    const {
  return airlock::v1::ExecutorService::NewStub(Connection());
}

std::unique_ptr<airlock::v1::SessionService::Stub> Stack::Sessions() const {
  return airlock::v1::SessionService::NewStub(Connection());
}

std::unique_ptr<grpc::ClientContext> Stack::As(const std::string& principal) {
  auto context = std::make_unique<grpc::ClientContext>();
  SetTimeout(*context, absl::Seconds(30));
  context->set_wait_for_ready(true);
  context->AddMetadata("authorization",
                       absl::StrCat("Bearer token-of-", principal));
  return context;
}

Transcript Stack::Execute(const std::string& principal,
                          const airlock::v1::ExecuteRequest& request) const {
  const auto context = As(principal);
  const auto reader = Client()->Execute(context.get(), request);
  return ReadAll<airlock::v1::ExecuteResponse>(*reader);
}

Transcript Stack::Watch(const std::string& principal, const std::string& id,
                        std::uint64_t stdout_offset) const {
  airlock::v1::WatchExecutionRequest request;
  request.set_id(id);
  request.set_stdout_offset(stdout_offset);
  const auto context = As(principal);
  const auto reader = Client()->WatchExecution(context.get(), request);
  return ReadAll<airlock::v1::WatchExecutionResponse>(*reader);
}

airlock::v1::Execution Stack::Get(const std::string& principal,
                                  const std::string& id) const {
  airlock::v1::GetExecutionRequest request;
  request.set_id(id);
  airlock::v1::GetExecutionResponse response;
  const grpc::Status status =
      Client()->GetExecution(As(principal).get(), request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.execution();
}

airlock::v1::ExecuteRequest Command(const std::vector<std::string>& args) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id(RandomUuid());
  for (const std::string& arg : args) {
    request.mutable_action()
        ->mutable_system_command()
        ->mutable_argv()
        ->add_args(arg);
  }
  return request;
}

}  // namespace airlock
