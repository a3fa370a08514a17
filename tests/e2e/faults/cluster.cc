#include "tests/e2e/faults/cluster.h"

#include <grpcpp/create_channel.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/rpc/deadline.h"
#include "common/security/ed25519.h"
#include "tests/e2e/faults/docker_cli.h"
#include "tests/support/free_port.h"
#include "tests/support/raw_call.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr absl::string_view kEngine = "/var/run/docker.sock";
constexpr absl::string_view kAnyPort = "127.0.0.1:0";
constexpr absl::Duration kLook = absl::Milliseconds(20);

std::string Local(int port) { return absl::StrCat("127.0.0.1:", port); }

// An error to connect counts as not serving.
absl::StatusOr<bool> Serves(int probe_port, absl::string_view service) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return IsServing(
      grpc::CreateCustomChannel(Local(probe_port),
                                grpc::InsecureChannelCredentials(), arguments),
      service);
}

bool WaitFor(absl::Duration timeout, const std::function<bool()>& holds) {
  const absl::Time give_up = absl::Now() + timeout;
  while (!holds()) {
    if (absl::Now() >= give_up) return false;
    absl::SleepFor(kLook);
  }
  return true;
}

std::string WriteTokens(TestCerts& certs) {
  std::vector<TestToken> tokens;
  for (const char* id : {"ada", "bob"}) {
    tokens.push_back({id, "agent", absl::StrCat("token-of-", id)});
  }
  tokens.push_back({"anna", "approver", "token-of-anna"});
  tokens.push_back({"olga", "operator", "token-of-olga"});
  return certs.WriteFile("tokens.json", TokenFileText(tokens));
}

}  // namespace

Cluster::Cluster()
    : marks_(absl::StrCat(certs_.folder(), "/marks")),
      gateway_port_(FreePort()),
      gateway_probe_port_(FreePort()),
      policy_port_(FreePort()) {
  std::filesystem::create_directory(marks_);
  // The sandbox's user is nobody on this machine.
  std::filesystem::permissions(marks_, std::filesystem::perms::all);
  const std::string tokens = WriteTokens(certs_);
  const SigningKey key = SigningKey::Generate();
  config_["autonomy"]["level"] = "full";
  config_["sandbox"] = {
      {"timeout", 120'000},
      {"queueTimeout", 120'000},
      {"memoryLimit", "256m"},
      // So that containers can be counted.
      {"warmPool", {{"size", 0}}},
      {"mounts",
       json::array(
           {{{"source", marks_}, {"target", "/marks"}, {"writable", true}}})}};
  config_["gateway"] = {{"listen", Local(gateway_port_)},
                        {"internalTls", Tls(airlock::v1::PEER_ROLE_GATEWAY)},
                        {"policyTarget", Local(policy_port_)},
                        {"tokensPath", tokens},
                        {"metricsListen", kAnyPort},
                        {"probeListen", Local(gateway_probe_port_)}};
  config_["policy"] = {
      {"listen", Local(policy_port_)},
      {"tls", Tls(airlock::v1::PEER_ROLE_POLICY)},
      {"tokensPath", tokens},
      {"grantKeyPath", certs_.WriteFile("grant.key", key.ToPem())},
      {"storePath", absl::StrCat(certs_.folder(), "/airlock.db")},
      {"metricsListen", kAnyPort},
      {"probeListen", kAnyPort}};
  config_["executor"] = {
      {"policyTargets", json::array({Local(policy_port_)})},
      {"tls", Tls(airlock::v1::PEER_ROLE_EXECUTOR)},
      {"grantPublicKeyPath",
       certs_.WriteFile("grant.pub", key.verify_key().ToPem())},
      {"maxRunning", 2},
      {"metricsListen", kAnyPort},
      {"docker", {{"allowedMounts", json::array({marks_})}}}};
}

Cluster::~Cluster() {
  std::vector<std::string> left;
  for (auto& [name, executor] : executors_) {
    executor->Signal(SIGTERM);
  }
  for (auto& [name, executor] : executors_) {
    if (!executor->WaitExit(kPatience).has_value()) executor->Kill();
    if (testing::Test::HasFailure()) {
      std::cerr << "--- " << name << ":\n" << executor->output();
    }
    const std::vector<std::string> own = Containers(name);
    left.insert(left.end(), own.begin(), own.end());
  }
  if (left.empty()) return;
  Docker(absl::StrCat("rm -f ", absl::StrJoin(left, " ")));
  ADD_FAILURE() << left.size() << " containers were left behind";
}

json Cluster::Tls(airlock::v1::PeerRole role) {
  const TlsFiles files = certs_.ForRole(role);
  return {{"certPath", files.cert_path},
          {"keyPath", files.key_path},
          {"caPath", files.ca_path}};
}

UnixProxy& Cluster::engine(const std::string& name) {
  std::unique_ptr<UnixProxy>& engine = engines_[name];
  if (engine == nullptr) {
    engine = std::make_unique<UnixProxy>(
        absl::StrCat(certs_.folder(), "/", name, ".sock"),
        std::string(kEngine));
  }
  return *engine;
}

UnixProxy& Cluster::policy_link(const std::string& name) {
  std::unique_ptr<UnixProxy>& link = policy_links_[name];
  if (link == nullptr) {
    link = std::make_unique<UnixProxy>(
        absl::StrCat(certs_.folder(), "/", name, "-policy.sock"), policy_port_);
  }
  return *link;
}

std::string Cluster::WriteConfig(const std::string& name) {
  json own = config_;
  if (ports_.contains(name)) {
    own["executor"]["statePath"] = absl::StrCat(certs_.folder(), "/", name);
    own["executor"]["probeListen"] = Local(ports_[name]);
    own["executor"]["docker"]["endpoint"] =
        absl::StrCat("unix://", engine(name).path());
    if (policy_links_.contains(name)) {
      own["executor"]["policyTargets"] =
          json::array({absl::StrCat("unix:", policy_link(name).path())});
    }
  } else {
    own["executor"]["statePath"] = certs_.folder();
  }
  return certs_.WriteFile(absl::StrCat(name, ".json"), own.dump(2));
}

void Cluster::StartPolicy() {
  policy_ = nullptr;
  policy_ = std::make_unique<ChildProcess>(std::vector<std::string>{
      AIRLOCK_POLICY_PATH, "--config", WriteConfig("policy")});
  ASSERT_TRUE(policy_->WaitForLog("service started", kPatience))
      << policy_->output();
}

void Cluster::StartGateway() {
  gateway_ = nullptr;
  gateway_ = std::make_unique<ChildProcess>(std::vector<std::string>{
      AIRLOCK_GATEWAY_PATH, "--config", WriteConfig("gateway")});
  ASSERT_TRUE(gateway_->WaitForLog("service started", kPatience))
      << gateway_->output();
}

void Cluster::StartExecutor(const std::string& name) {
  if (!ports_.contains(name)) ports_[name] = FreePort();
  std::unique_ptr<ChildProcess>& executor = executors_[name];
  executor = nullptr;
  executor = std::make_unique<ChildProcess>(std::vector<std::string>{
      AIRLOCK_EXECUTOR_PATH, "--config", WriteConfig(name)});
  ASSERT_TRUE(executor->WaitForLog("service started", kPatience))
      << executor->output();
}

void Cluster::StartAll() {
  StartPolicy();
  StartGateway();
  StartExecutor();
  WaitGatewayReady();
  WaitExecutorReady();
}

void Cluster::WaitGatewayReady() {
  ASSERT_TRUE(WaitFor(kPatience, [this] {
    return Serves(gateway_probe_port_, "readiness").value_or(false);
  })) << gateway_->output();
}

void Cluster::WaitExecutorReady(const std::string& name) {
  ASSERT_TRUE(WaitFor(kPatience, [&] {
    return ExecutorServes("readiness", name).value_or(false);
  })) << executor(name).output();
}

absl::StatusOr<bool> Cluster::ExecutorServes(const std::string& service,
                                             const std::string& name) const {
  return Serves(ports_.at(name), service);
}

std::shared_ptr<grpc::Channel> Cluster::NewChannel() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(
      Local(gateway_port_), grpc::InsecureChannelCredentials(), arguments);
}

std::unique_ptr<airlock::v1::ExecutionService::Stub> Cluster::Client() const {
  return airlock::v1::ExecutionService::NewStub(NewChannel());
}

std::unique_ptr<airlock::v1::SessionService::Stub> Cluster::Sessions() const {
  return airlock::v1::SessionService::NewStub(NewChannel());
}

std::unique_ptr<airlock::v1::ApprovalService::Stub> Cluster::Approvals() const {
  return airlock::v1::ApprovalService::NewStub(NewChannel());
}

std::unique_ptr<grpc::ClientContext> Cluster::As(const std::string& principal,
                                                 absl::Duration timeout) {
  auto context = std::make_unique<grpc::ClientContext>();
  SetTimeout(*context, timeout);
  context->AddMetadata("authorization",
                       absl::StrCat("Bearer token-of-", principal));
  return context;
}

Transcript Cluster::Execute(const airlock::v1::ExecuteRequest& request) const {
  return Call(*this, request).Finish();
}

Transcript Cluster::Watch(const std::string& id) const {
  airlock::v1::WatchExecutionRequest request;
  request.set_id(id);
  const auto stub = Client();
  const auto context = As("ada");
  const auto reader = stub->WatchExecution(context.get(), request);
  return ReadAll<airlock::v1::WatchExecutionResponse>(*reader);
}

airlock::v1::Execution Cluster::Get(const std::string& id) const {
  airlock::v1::GetExecutionRequest request;
  request.set_id(id);
  airlock::v1::GetExecutionResponse response;
  const grpc::Status status =
      Client()->GetExecution(As("ada").get(), request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.execution();
}

std::string Cluster::ExecutorId(const std::string& name) const {
  std::ifstream file(absl::StrCat(certs_.folder(), "/", name, "/executor-id"));
  std::string id;
  file >> id;
  return id;
}

std::vector<std::string> Cluster::Containers(const std::string& name) const {
  const std::string id = ExecutorId(name);
  if (id.empty()) return {};
  return Docker(absl::StrCat("ps -aq --filter label=airlock.executor_id=", id));
}

bool Cluster::WaitNoContainers(const std::string& name,
                               absl::Duration timeout) const {
  return WaitFor(timeout, [&] { return Containers(name).empty(); });
}

void Cluster::Mark(const std::string& name) const {
  std::ofstream(absl::StrCat(marks_, "/", name)) << "\n";
}

int Cluster::CountRuns(const std::string& mark) const {
  std::ifstream file(absl::StrCat(marks_, "/runs"));
  std::string line;
  int count = 0;
  while (std::getline(file, line)) count += line == mark ? 1 : 0;
  return count;
}

bool Cluster::WaitForRun(const std::string& mark) const {
  return WaitFor(kPatience, [&] { return CountRuns(mark) > 0; });
}

void ClusterTest::SetUp() {
  ASSERT_TRUE(DockerAnswers()) << "run deploy/engine.sh";
}

}  // namespace airlock
