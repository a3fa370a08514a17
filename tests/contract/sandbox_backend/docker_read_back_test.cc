// An engine that does not do what it was told, images that want more than
// they get, and mounts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/http/curl_transport.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "tests/contract/sandbox_backend/docker_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock {
namespace {

using executor::DockerBackend;
using testing::HasSubstr;

// The real engine, but `from` in a create body becomes `to` on the way, as if
// the engine did not know the field.
class ForgetfulTransport final : public HttpTransport {
 public:
  ForgetfulTransport(std::string from, std::string to)
      : from_(std::move(from)), to_(std::move(to)) {}

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request,
                                    absl::Time deadline) override {
    HttpRequest changed = request;
    if (absl::StrContains(request.url, "/containers/create") &&
        absl::StrContains(request.body, "airlock.sandbox")) {
      changed.body = absl::StrReplaceAll(request.body, {{from_, to_}});
      EXPECT_NE(changed.body, request.body) << "nothing to forget: " << from_;
    }
    return engine_.Send(changed, deadline);
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

  const std::string from_;
  const std::string to_;
  CurlTransport engine_{Endpoint()};
};

using DockerReadBackTest = DockerTest;

TEST_F(DockerReadBackTest, WhatTheEngineForgetsIsRefusedByName) {
  const std::vector<std::pair<const char*, const char*>> fields = {
      {"CapDrop", "CapDr0p"},
      {"PidsLimit", "PidsLim1t"},
      {"NanoCpus", "NanoCpu5"},
      {"MemorySwap", "Memory5wap"},
      {"ReadonlyRootfs", "Read0nlyRootfs"},
      {"SecurityOpt", "SecurityOp7"},
      {"NetworkMode", "NetworkM0de"},
      {"Ulimits", "U1imits"},
      {"LogConfig", "LogC0nfig"},
      {"ShmSize", "Shm5ize"},
      {"Tmpfs", "Tmpf5"}};
  for (const auto& [field, forgotten] : fields) {
    auto backend =
        DockerBackend::Open(options_, std::make_shared<ForgetfulTransport>(
                                          absl::StrCat("\"", field, "\""),
                                          absl::StrCat("\"", forgotten, "\"")));
    ASSERT_THAT(backend, IsOk());

    const auto created = (*backend)->Create(TestSpec(), "x", Soon(), nullptr);

    EXPECT_THAT(created,
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(field)));
    EXPECT_EQ(ErrorReason(created.status()), "SANDBOX_WEAKENED");
  }
  EXPECT_TRUE(containers_
                  ->ListByLabel(absl::StrCat("airlock.executor_id=",
                                             options_.executor_id),
                                Soon())
                  ->empty());
}

TEST_F(DockerReadBackTest, LostRunnerVolumeIsMadeAgain) {
  // A runner of its own, so that no other test uses its volume.
  const TemporaryDirectory folder;
  std::filesystem::copy_file(options_.runner_path, folder / "runner");
  std::ofstream(folder / "runner", std::ios::app) << RandomUuid();
  options_.runner_path = folder / "runner";
  auto backend = DockerBackend::Open(options_);
  ASSERT_THAT(backend, IsOk());
  executor::DockerVolumes volumes(*engine_);
  auto first = (*backend)->Create(TestSpec(), "x", Soon(), nullptr);
  ASSERT_THAT(first, IsOk());
  const auto name =
      containers_
          ->Inspect(
              (*containers_->ListByLabel(
                  absl::StrCat("airlock.executor_id=", options_.executor_id),
                  Soon()))[0]
                  .id,
              Soon())
          ->at("Mounts")[0]["Name"]
          .get<std::string>();
  ASSERT_THAT((*first)->Destroy(Soon()), IsOk());

  ASSERT_THAT(volumes.Remove(name, Soon()), IsOk());
  auto second = (*backend)->Create(TestSpec(), "x", Soon(), nullptr);

  ASSERT_THAT(second, IsOk());
  EXPECT_THAT((*second)->Destroy(Soon()), IsOk());
  EXPECT_THAT(volumes.Remove(name, Soon()), IsOk());
}

// An image that declares everything that could matter.
class DockerImageTest : public DockerTest {
 protected:
  void SetUp() override {
    DockerTest::SetUp();
    if (IsSkipped()) return;
    const auto helper =
        containers_->Create({{"Image", "airlock/sandbox:latest"}}, "", Soon());
    ASSERT_THAT(helper, IsOk());
    EXPECT_THAT(
        engine_->Call(
            {.method = "POST",
             .path = "/commit",
             .query = {{"container", *helper},
                       {"repo", "airlock/test"},
                       {"tag", tag_},
                       {"changes",
                        "VOLUME [\"/data\",\"/workspace\",\"/var/lib\"]\n"
                        "ENTRYPOINT [\"/bin/false\"]\nCMD [\"x\"]\n"
                        "HEALTHCHECK --interval=1s CMD /bin/false\n"
                        "USER root\nWORKDIR /root\n"
                        "ENV LD_PRELOAD=/nowhere.so FROM_IMAGE=1\n"
                        "LABEL airlock.executor_id=forged\n"}},
             .body = "{}"},
            Soon()),
        IsOk());
    EXPECT_THAT(containers_->Remove(*helper, Soon()), IsOk());
  }
  void TearDown() override {
    if (IsSkipped()) return;
    EXPECT_THAT(engine_->Call({.method = "DELETE",
                               .path = "/images/airlock/test:" + tag_},
                              Soon()),
                IsOk());
  }

  const std::string tag_ = RandomUuid();
};

TEST_F(DockerImageTest, NothingAnImageDeclaresMatters) {
  executor::SandboxSpec spec = TestSpec();
  spec.image = "airlock/test:" + tag_;

  const Finished seen = Shell(
      "id -u; pwd; env | grep -E 'LD_PRELOAD|FROM_IMAGE'; "
      "echo x > /workspace/x && echo workspace; "
      "echo x > /data/x || echo x > /var/lib/x; "
      "ls -A /data | wc -l; df -B1 --output=size /workspace | tail -1",
      spec);

  EXPECT_EQ(seen.out, "65534\n/workspace\nworkspace\n0\n 33554432\n");
}

class DockerMountTest : public DockerTest {
 protected:
  TemporaryDirectory folder_;
};

TEST_F(DockerMountTest, AllowedFoldersAreSharedAsTheSpecSays) {
  std::filesystem::create_directories(folder_ / "in");
  std::filesystem::create_directories(folder_ / "out");
  std::ofstream(folder_ / "in/word") << "hello";
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(folder_ / "out", std::filesystem::perms(0777));
  options_.allowed_mounts = {folder_.path()};
  auto backend = DockerBackend::Open(options_);
  ASSERT_THAT(backend, IsOk());
  executor::SandboxSpec spec = TestSpec();
  spec.mounts = {{folder_ / "in", "/data/in", false},
                 {folder_ / "out", "/workspace/out", true}};
  auto sandbox = (*backend)->Create(spec, "x", Soon(), nullptr);
  ASSERT_THAT(sandbox, IsOk());

  const Finished seen = RunIn(
      **sandbox, ShellLine("cat /data/in/word; echo x 2>/dev/null >/data/in/y "
                           "|| echo ' read-only'; echo written > out/result"));

  EXPECT_EQ(seen.out, "hello read-only\n") << seen.err;
  std::ifstream result(folder_ / "out/result");
  std::string word;
  result >> word;
  EXPECT_EQ(word, "written");
  EXPECT_THAT((*sandbox)->Destroy(Soon()), IsOk());
}

TEST_F(DockerMountTest, OtherFoldersAreRefused) {
  executor::SandboxSpec spec = TestSpec();
  spec.mounts = {{folder_.path(), "/data", false}};

  EXPECT_THAT(
      backend_->Create(spec, "x", Soon(), nullptr),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(folder_.path())));
}

}  // namespace
}  // namespace airlock
