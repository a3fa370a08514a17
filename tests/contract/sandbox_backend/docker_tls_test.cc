// The same engine over TCP with TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/sandbox_backend/docker_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"
#include "tests/support/tls_proxy.h"

namespace airlock {
namespace {

using executor::DockerBackend;
using executor::DockerOptions;
using executor::EndedBy;
using testing::HasSubstr;

class DockerTlsTest : public DockerTest {
 protected:
  absl::StatusOr<std::unique_ptr<DockerBackend>> Open(const TlsFiles& files,
                                                      int port) {
    DockerOptions options = TestOptions();
    options.endpoint = absl::StrCat("tcp://127.0.0.1:", port);
    options.ca_file = files.ca_path;
    options.certificate_file = files.cert_path;
    options.key_file = files.key_path;
    return DockerBackend::Open(options);
  }

  TestCerts certs_;
  std::unique_ptr<TlsProxy> proxy_ = std::make_unique<TlsProxy>(
      certs_.Make("engine", {}), LocalEngine().unix_socket_path);
};

TEST_F(DockerTlsTest, RunsWithCertificatesOfBothSides) {
  auto backend = Open(certs_.Make("executor", {}), proxy_->port());
  ASSERT_THAT(backend, IsOk());
  EXPECT_THAT((*backend)->Check(Soon()), IsOk());
  auto sandbox = (*backend)->Create(TestSpec(), "tls", Soon(), nullptr);
  ASSERT_THAT(sandbox, IsOk());

  executor::ProcessSpec spec = TestProcess({"cat"});
  spec.stdin_data = std::string(1'000'000, 'x');
  spec.output_credit_bytes = 2'000'000;
  const Finished echoed = RunIn(**sandbox, spec);

  EXPECT_EQ(echoed.end.ended_by, EndedBy::kExited);
  EXPECT_TRUE(echoed.out == spec.stdin_data);
  EXPECT_THAT((*sandbox)->Destroy(Soon()), IsOk());
}

TEST_F(DockerTlsTest, EngineOfAnotherAuthorityIsNotTrusted) {
  TestCerts strangers;
  auto backend = Open(strangers.Make("executor", {}), proxy_->port());
  ASSERT_THAT(backend, IsOk());

  EXPECT_THAT(
      (*backend)->Check(Soon()),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("https://127.0.0.1")));
}

TEST_F(DockerTlsTest, EngineRefusesClientsOfAnotherAuthority) {
  TestCerts strangers;
  TlsFiles files = strangers.Make("executor", {});
  // Trusts the engine, but is not trusted.
  files.ca_path = certs_.ca_path();
  auto backend = Open(files, proxy_->port());
  ASSERT_THAT(backend, IsOk());

  EXPECT_THAT((*backend)->Check(Soon()),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(DockerTlsTest, BrokenConnectionEndsTheProcess) {
  auto backend = Open(certs_.Make("executor", {}), proxy_->port());
  ASSERT_THAT(backend, IsOk());
  auto sandbox = (*backend)->Create(TestSpec(), "broken", Soon(), nullptr);
  ASSERT_THAT(sandbox, IsOk());
  auto process = std::make_shared<ProcessRecorder>();
  (*sandbox)->Run(TestProcess({"sleep", "600"}), process);
  ASSERT_TRUE(process->WaitStarted());
  const int port = proxy_->port();

  proxy_.reset();

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kSandboxFailed);
  EXPECT_THAT(
      (*backend)->Check(Soon()),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr(absl::StrCat(port))));
  // The container cannot be removed over what is broken.
  EXPECT_FALSE((*sandbox)->Destroy(absl::Now() + absl::Seconds(1)).ok());
  const auto left =
      containers_->ListByLabel("airlock.execution_id=broken", Soon());
  ASSERT_THAT(left, IsOk());
  for (const auto& container : *left) {
    EXPECT_THAT(containers_->Remove(container.id, Soon()), IsOk());
  }
}

TEST_F(DockerTlsTest, MountsAreRefused) {
  auto backend = Open(certs_.Make("executor", {}), proxy_->port());
  ASSERT_THAT(backend, IsOk());
  executor::SandboxSpec spec = TestSpec();
  spec.mounts = {{"/srv", "/data", false}};

  EXPECT_THAT((*backend)->Create(spec, "tls", Soon(), nullptr),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(DockerTlsTest, EngineElsewhereWithoutTlsIsRefused) {
  DockerOptions options = TestOptions();
  options.endpoint = "tcp://engine.example.com:2375";
  EXPECT_THAT(
      DockerBackend::Open(options),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs TLS")));

  options.ca_file = "/ca.pem";
  EXPECT_THAT(DockerBackend::Open(options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("all of CA, certificate and key")));
}

}  // namespace
}  // namespace airlock
