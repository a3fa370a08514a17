// Gateway, policy service and executors in one process, over real gRPC with
// mutual TLS; only the sandboxes are played.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

#include "airlock/v1/execution.grpc.pb.h"
#include "airlock/v1/executor.grpc.pb.h"
#include "airlock/v1/session.grpc.pb.h"
#include "services/executor/executor_app.h"
#include "services/gateway/gateway_app.h"
#include "services/policy/policy_app.h"
#include "tests/support/fake_sandbox_backend.h"
#include "tests/support/test_certs.h"
#include "tests/support/transcript.h"

namespace airlock {

// Principals: agents "ada" and "bob", operator "olga", approver "ann"; the
// token of each is "token-of-<id>". Not thread-safe, but calls through its
// stubs are.
class Stack {
 public:
  // `contract` holds the documented sections, as the inside of a JSON object.
  explicit Stack(std::string contract = R"("autonomy":{"level":"full"})");
  ~Stack();

  void StartPolicy();
  void StopPolicy() { policy_.reset(); }
  void StartGateway();
  void StopGateway() { gateway_.reset(); }
  // Starts gateway and policy service again, the gateway with TLS: both, or
  // only the gateway, take certificates of the authority in this file.
  void AcceptCertificates(const std::string& client_ca_path,
                          bool policy_too = true);
  // Starts the gateway again: who signs in at the page is signed in for so
  // long.
  void SignOutAfter(absl::Duration lifetime);
  // Takes the tokens of all but the operator; services find out by themselves.
  void WithdrawTokens();
  // Starts the policy service again, over a store in a file: what is asked for
  // from now on outlives it.
  void KeepInFile();
  std::string store_path() const { return certs_.folder() + "/store.db"; }
  // Starts an executor, or one with the same state again, which is its next
  // boot. Its sandboxes are those of backend(name). With `keeps_warm` some
  // wait, and limits are tried first; else there are only those of executions.
  void StartExecutor(const std::string& name, int slots = 2,
                     bool keeps_warm = false);
  void StopExecutor(const std::string& name) { executors_.erase(name); }
  executor::ExecutorApp& executor(const std::string& name) {
    return *executors_.at(name);
  }
  FakeSandboxBackend& backend(const std::string& name) {
    return *backends_.at(name);
  }
  policy::PolicyApp& policy() { return *policy_; }
  gateway::GatewayApp& gateway() { return *gateway_; }

  // Blocks until every executor is ready and the gateway reaches the policy
  // service; fails the test after 20 s.
  void WaitReady();

  // A connection of its own to the gateway, and stubs with one each.
  std::shared_ptr<grpc::Channel> Connection() const;
  std::unique_ptr<airlock::v1::ExecutionService::Stub> Client() const;
  std::unique_ptr<airlock::v1::ExecutorService::Stub> OperatorClient() const;
  std::unique_ptr<airlock::v1::SessionService::Stub> Sessions() const;
  // A call in the name of a principal, with a deadline of 30 s.
  static std::unique_ptr<grpc::ClientContext> As(const std::string& principal);

  // Executes and reads to the end.
  Transcript Execute(const std::string& principal,
                     const airlock::v1::ExecuteRequest& request) const;
  Transcript Watch(const std::string& principal, const std::string& id,
                   std::uint64_t stdout_offset = 0) const;
  airlock::v1::Execution Get(const std::string& principal,
                             const std::string& id) const;

  TestCerts& certs() { return certs_; }
  std::string Address() const;

 private:
  std::string ConfigText(const std::string& executor, int slots);
  airlock::config::v1::Config Config(const std::string& executor = "unused",
                                     int slots = 1);

  const std::string contract_;
  TestCerts certs_;
  // What AcceptCertificates() adds to the sections.
  std::string gateway_keys_;
  std::string policy_keys_;
  // What SignOutAfter() adds.
  std::string web_keys_;
  // What KeepInFile() adds.
  std::string store_key_;
  std::string tokens_path_;
  std::string grant_key_path_;
  std::string grant_public_key_path_;
  const int policy_port_;
  const int gateway_port_;
  const int web_port_;
  std::string web_key_path_;
  std::map<std::string, std::unique_ptr<FakeSandboxBackend>> backends_;
  std::unique_ptr<policy::PolicyApp> policy_;
  std::unique_ptr<gateway::GatewayApp> gateway_;
  std::map<std::string, std::unique_ptr<executor::ExecutorApp>> executors_;
};

// A request for `args`, with an id of its own.
airlock::v1::ExecuteRequest Command(const std::vector<std::string>& args);

}  // namespace airlock
