// The self-test on a real engine, and on one that keeps less than it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "absl/strings/match.h"
#include "common/http/curl_transport.h"
#include "services/executor/sandbox/self_test.h"
#include "tests/contract/sandbox_backend/docker_fixture.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using executor::DockerBackend;
using executor::EnforcementCheck;
using executor::SandboxBackend;
using executor::SandboxSpec;
using nlohmann::json;
using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

// A backend that gives more than it was asked for.
class GenerousBackend final : public SandboxBackend {
 public:
  GenerousBackend(SandboxBackend& backend,
                  std::function<void(SandboxSpec&)> change)
      : backend_(backend), change_(std::move(change)) {}

  std::string name() const override { return backend_.name(); }
  absl::StatusOr<std::unique_ptr<executor::Sandbox>> Create(
      const SandboxSpec& spec, absl::string_view execution_id,
      absl::Time deadline,
      const executor::ProgressFunction& progress) override {
    SandboxSpec changed = spec;
    change_(changed);
    return backend_.Create(changed, execution_id, deadline, progress);
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
  SandboxBackend& backend_;
  const std::function<void(SandboxSpec&)> change_;
};

// The real engine, but `change` is made to each sandbox on the way, and what
// the engine says of it is what was asked for: reading back finds nothing.
class LyingTransport final : public HttpTransport {
 public:
  explicit LyingTransport(std::function<void(json&)> change)
      : change_(std::move(change)) {}

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request,
                                    absl::Time deadline) override {
    HttpRequest changed = request;
    const bool creates = absl::StrContains(request.url, "/containers/create") &&
                         absl::StrContains(request.body, "airlock.sandbox");
    if (creates) {
      asked_ = json::parse(request.body);
      json body = asked_;
      change_(body);
      changed.body = body.dump();
    }
    absl::StatusOr<HttpResponse> response = engine_.Send(changed, deadline);
    const bool inspects = absl::StrContains(request.url, "/containers/") &&
                          absl::StrContains(request.url, "/json");
    if (response.ok() && inspects && !asked_.is_null()) {
      json answer = json::parse(response->body);
      answer["HostConfig"].update(asked_["HostConfig"]);
      answer["Config"]["User"] = asked_["User"];
      response->body = answer.dump();
    }
    return response;
  }
  absl::StatusOr<UpgradeResult> Upgrade(const HttpRequest& request,
                                        absl::Time deadline) override {
    return engine_.Upgrade(request, deadline);
  }

 private:
  static HttpEndpoint Endpoint() {
    HttpEndpoint endpoint;
    endpoint.unix_socket_path = LocalEngine().unix_socket_path;
    return endpoint;
  }

  const std::function<void(json&)> change_;
  json asked_;
  CurlTransport engine_{Endpoint()};
};

class DockerSelfTestTest : public DockerTest {
 protected:
  std::vector<EnforcementCheck> Try(SandboxBackend& backend) {
    executor::SelfTest test({TestSpec(), {}}, backend, reaper_, metrics_);
    status_ = test.Run(Soon());
    return test.checks();
  }
  // The names of the checks that fail.
  static std::vector<std::string> FailedOf(
      const std::vector<EnforcementCheck>& checks) {
    std::vector<std::string> failed;
    for (const EnforcementCheck& check : checks) {
      if (!check.ok) failed.push_back(check.name);
    }
    return failed;
  }

  prometheus::Registry registry_;
  executor::ExecutorMetrics metrics_{registry_};
  executor::SandboxReaper reaper_{1, 16, metrics_};
  absl::Status status_;
};

TEST_F(DockerSelfTestTest, EveryLimitHoldsAndThatIsKnownSoon) {
  // The runner's volume is there.
  Create().reset();
  const absl::Time begin = absl::Now();

  const auto checks = Try(*backend_);

  EXPECT_LT(absl::Now() - begin, absl::Seconds(3));
  EXPECT_THAT(status_, IsOk());
  EXPECT_THAT(checks, SizeIs(12));
  EXPECT_THAT(checks, Each(Field(&EnforcementCheck::ok, true)));
  EXPECT_THAT(*containers_->ListByLabel(
                  "airlock.executor_id=" + options_.executor_id, Soon()),
              IsEmpty());
}

TEST_F(DockerSelfTestTest, MissingImageIsSaidAsSuch) {
  SandboxSpec spec = TestSpec();
  spec.image = "airlock/no-such-image:1";
  executor::SelfTest test({spec, {}}, *backend_, reaper_, metrics_);

  EXPECT_THAT(test.Run(Soon()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(DockerSelfTestTest, LimitThatIsWiderThanAskedForIsFound) {
  const std::map<std::string, std::function<void(SandboxSpec&)>> changes = {
      {"cpu", [](SandboxSpec& spec) { spec.cpu_millis = 1500; }},
      {"disk", [](SandboxSpec& spec) { spec.workspace_bytes *= 2; }},
      {"inodes", [](SandboxSpec& spec) { ++spec.inodes; }},
      {"memory", [](SandboxSpec& spec) { spec.memory_bytes += 8U << 20U; }},
      {"network", [](SandboxSpec& spec) { spec.network_mode = "bridge"; }},
      {"pids", [](SandboxSpec& spec) { ++spec.pids; }},
      {"user", [](SandboxSpec& spec) { spec.user = "1000:65534"; }}};
  for (const auto& [check, change] : changes) {
    GenerousBackend generous(*backend_, change);

    EXPECT_THAT(FailedOf(Try(generous)), testing::Contains(check));
    EXPECT_THAT(status_, StatusIs(absl::StatusCode::kFailedPrecondition,
                                  testing::HasSubstr(check)));
  }
}

TEST_F(DockerSelfTestTest, DefenceThatIsMissingInsideIsFound) {
  const std::map<std::string, std::function<void(json&)>> changes = {
      {"capabilities",
       [](json& body) { body["HostConfig"]["CapDrop"] = {"KILL"}; }},
      {"privileges",
       [](json& body) {
         body["HostConfig"]["SecurityOpt"][0] = "no-new-privileges:false";
       }},
      {"seccomp",
       [](json& body) {
         body["HostConfig"]["SecurityOpt"][1] = "seccomp=unconfined";
       }},
      {"root",
       [](json& body) { body["HostConfig"]["ReadonlyRootfs"] = false; }},
      {"swap",
       [](json& body) { body["HostConfig"]["MemorySwap"] = 256 << 20; }},
      {"user", [](json& body) { body["User"] = "0:0"; }}};
  for (const auto& [check, change] : changes) {
    auto lying =
        DockerBackend::Open(options_, std::make_shared<LyingTransport>(change));
    ASSERT_THAT(lying, IsOk());

    EXPECT_THAT(FailedOf(Try(**lying)), testing::Contains(check)) << status_;
  }
}

}  // namespace
}  // namespace airlock
