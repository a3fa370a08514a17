// Gateway, policy service and executors as processes of their own, over a real
// Docker engine.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "airlock/v1/approval.grpc.pb.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "airlock/v1/session.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "tests/support/child_process.h"
#include "tests/support/test_certs.h"
#include "tests/support/transcript.h"
#include "tests/support/unix_proxy.h"

namespace airlock {

// How long a test waits for what must come, on a machine with much to do.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

// Makes certificates, keys, tokens and configurations, starts the programs
// that were built, and ends them. Principals: agents "ada" and "bob", approver
// "anna", operator "olga"; the token of each is "token-of-<id>". Each executor
// reaches the engine through a proxy of its own. The store is durable.
//
// The host directory marks() is /marks in every sandbox: what a process appends
// there counts how often it ran. Not thread-safe, but stubs are.
class Cluster {
 public:
  Cluster();
  // Kills what still runs and removes containers that are left, which fails
  // the test.
  ~Cluster();

  // The whole configuration; a change counts for what is started afterwards.
  nlohmann::json& config() { return config_; }

  void StartPolicy();
  void StartGateway();
  // Starts an executor, or again one that has ended.
  void StartExecutor(const std::string& name = "ex1");
  // Policy, gateway and this executor, until all are ready.
  void StartAll();

  ChildProcess& policy() { return *policy_; }
  ChildProcess& gateway() { return *gateway_; }
  ChildProcess& executor(const std::string& name = "ex1") {
    return *executors_.at(name);
  }
  // The executor's way to the engine. May be used before it is started.
  UnixProxy& engine(const std::string& name = "ex1");
  // The executor's way to the policy service; made, it is used by what is
  // started afterwards.
  UnixProxy& policy_link(const std::string& name = "ex1");

  // Blocks until the executor, and the gateway, can be used; fails the test
  // if that does not come.
  void WaitExecutorReady(const std::string& name = "ex1");
  void WaitGatewayReady();
  // Whether an executor's health says SERVING for "readiness" or "liveness"; an
  // error if it does not answer.
  absl::StatusOr<bool> ExecutorServes(const std::string& service,
                                      const std::string& name = "ex1") const;

  std::unique_ptr<airlock::v1::ExecutionService::Stub> Client() const;
  std::unique_ptr<airlock::v1::SessionService::Stub> Sessions() const;
  std::unique_ptr<airlock::v1::ApprovalService::Stub> Approvals() const;
  // A call in the name of a principal.
  static std::unique_ptr<grpc::ClientContext> As(
      const std::string& principal, absl::Duration timeout = kPatience);
  // Executes, or attaches, and reads to the end.
  Transcript Execute(const airlock::v1::ExecuteRequest& request) const;
  Transcript Watch(const std::string& id) const;
  airlock::v1::Execution Get(const std::string& id) const;

  // Containers of this executor that exist now, running or not.
  std::vector<std::string> Containers(const std::string& name = "ex1") const;
  // Blocks until it has none; whether it came to that.
  bool WaitNoContainers(const std::string& name = "ex1",
                        absl::Duration timeout = kPatience) const;

  const std::string& marks() const { return marks_; }
  // Makes /marks/<name>, which a process in a sandbox may wait for.
  void Mark(const std::string& name) const;
  // How many lines of the file of runs are this.
  int CountRuns(const std::string& mark) const;
  // Blocks until it is there; whether it came to that.
  bool WaitForRun(const std::string& mark) const;

  TestCerts& certs() { return certs_; }
  // Writes the configuration of an executor, or of the others, to a file.
  std::string WriteConfig(const std::string& name);

 private:
  std::shared_ptr<grpc::Channel> NewChannel() const;
  nlohmann::json Tls(airlock::v1::PeerRole role);
  std::string ExecutorId(const std::string& name) const;

  TestCerts certs_;
  std::string marks_;
  nlohmann::json config_;
  int gateway_port_;
  int gateway_probe_port_;
  int policy_port_;
  // Of executors, for health.
  std::map<std::string, int> ports_;
  std::map<std::string, std::unique_ptr<UnixProxy>> engines_;
  std::map<std::string, std::unique_ptr<UnixProxy>> policy_links_;
  std::unique_ptr<ChildProcess> policy_;
  std::unique_ptr<ChildProcess> gateway_;
  std::map<std::string, std::unique_ptr<ChildProcess>> executors_;
};

// One Execute call, from its first event on.
class Call {
 public:
  // `cluster` must outlive it.
  Call(const Cluster& cluster, const airlock::v1::ExecuteRequest& request);

  // Reads until the execution runs; whether it came to that.
  bool ReadUntilRunning();
  // Reads until this much of standard output is there.
  bool ReadUntilOutput(std::size_t bytes);
  // Reads one event.
  bool Read();
  // Reads to the end.
  Transcript Finish();
  // Breaks the stream, as a client that goes.
  void Abandon();

  // The execution's, once an event was read.
  const std::string& id() const { return id_; }
  // What came until now; Finish() takes it away.
  const Transcript& transcript() const { return transcript_; }

 private:
  std::unique_ptr<airlock::v1::ExecutionService::Stub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<airlock::v1::ExecuteResponse>> reader_;
  Transcript transcript_;
  std::string id_;
};

// A request for a shell line.
airlock::v1::ExecuteRequest Shell(const std::string& line);
// A shell line that first marks its run with `request.request_id()`.
airlock::v1::ExecuteRequest MarkedShell(const std::string& line);

// Skips where no engine answers.
class ClusterTest : public testing::Test {
 protected:
  void SetUp() override;

  Cluster cluster_;
};

}  // namespace airlock
