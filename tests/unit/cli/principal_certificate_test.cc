#include "services/cli/certs/principal_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/security/client_authority.h"
#include "common/security/tls.h"
#include "services/cli/certs/certificate_facts.h"
#include "services/cli/files/small_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class PrincipalCertificateTest : public testing::Test {
 protected:
  PrincipalCertificateTest() {
    options_ = {.directory = certs_,
                .principal = {"ann", airlock::v1::PRINCIPAL_ROLE_APPROVER},
                .out = directory_ / "ann"};
  }

  absl::Status Create() { return CreatePrincipalCertificate(options_, kNow); }

  std::string Content(const std::string& path) {
    return ReadSmallFile(path, 1 << 16).value_or("");
  }

  absl::StatusOr<Principal> Identify(const std::string& path) {
    const auto authority =
        ClientAuthority::FromPem(Content(certs_ + "/client-ca.pem"));
    if (!authority.ok()) return authority.status();
    return authority->Identify(Content(path), kNow);
  }

  mode_t Mode(const std::string& path) {
    struct stat facts = {};
    EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 0777U;
  }

  TemporaryDirectory directory_;
  const std::string certs_ = directory_ / "certs";
  PrincipalCertificateOptions options_;
};

TEST_F(PrincipalCertificateTest, ServicesKnowWhoItIs) {
  ASSERT_THAT(Create(), IsOk());

  const auto principal = Identify(directory_ / "ann.pem");
  ASSERT_THAT(principal, IsOk());
  EXPECT_EQ(principal->id, "ann");
  EXPECT_EQ(principal->role, airlock::v1::PRINCIPAL_ROLE_APPROVER);
}

TEST_F(PrincipalCertificateTest, ItIsForOneClientAndNoServer) {
  ASSERT_THAT(Create(), IsOk());

  const auto facts = ReadCertificateFacts(Content(directory_ / "ann.pem"));
  ASSERT_THAT(facts, IsOk());
  EXPECT_THAT(facts->uris, ElementsAre("airlock://principal/approver/ann"));
  EXPECT_THAT(facts->dns_names, IsEmpty());
  EXPECT_THAT(facts->addresses, IsEmpty());
  EXPECT_TRUE(facts->may_dial);
  EXPECT_FALSE(facts->may_serve);
  EXPECT_FALSE(facts->is_authority);
  EXPECT_EQ(facts->expiry, kNow + absl::Hours(24 * 30));
}

TEST_F(PrincipalCertificateTest, KeysAreForTheirOwnerAlone) {
  ASSERT_THAT(Create(), IsOk());

  EXPECT_EQ(Mode(directory_ / "ann.key"), 0600U);
  EXPECT_EQ(Mode(certs_ + "/client-ca.key"), 0600U);
  EXPECT_EQ(Mode(certs_), 0700U);
  EXPECT_THAT(
      TlsChannelCredentials(
          TlsFiles{directory_ / "ann.pem", directory_ / "ann.key", ""}, "test"),
      IsOk());
}

TEST_F(PrincipalCertificateTest, LongestIdFits) {
  options_.principal.id = std::string(63, 'a');
  ASSERT_THAT(Create(), IsOk());

  EXPECT_THAT(Identify(directory_ / "ann.pem"), IsOk());
}

TEST_F(PrincipalCertificateTest, AuthorityIsMadeOnceAndSignsOn) {
  ASSERT_THAT(Create(), IsOk());
  const std::string authority = Content(certs_ + "/client-ca.pem");
  options_.out = directory_ / "second";
  ASSERT_THAT(Create(), IsOk());

  EXPECT_EQ(Content(certs_ + "/client-ca.pem"), authority);
  EXPECT_THAT(Identify(directory_ / "ann.pem"), IsOk());
  EXPECT_THAT(Identify(directory_ / "second.pem"), IsOk());
}

TEST_F(PrincipalCertificateTest, OldAndNewAuthorityCountTogether) {
  ASSERT_THAT(Create(), IsOk());
  options_.directory = directory_ / "new";
  options_.out = directory_ / "second";
  ASSERT_THAT(Create(), IsOk());
  const auto both = ClientAuthority::FromPem(
      absl::StrCat(Content(certs_ + "/client-ca.pem"),
                   Content(directory_ / "new/client-ca.pem")));
  ASSERT_THAT(both, IsOk());

  for (const char* name : {"ann.pem", "second.pem"}) {
    EXPECT_THAT(both->Identify(Content(directory_ / name), kNow), IsOk())
        << name;
  }
}

TEST_F(PrincipalCertificateTest, SimultaneousFirstUsesShareOneAuthority) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      PrincipalCertificateOptions options = options_;
      options.out = directory_ / absl::StrCat("c", i);
      EXPECT_THAT(CreatePrincipalCertificate(options, kNow), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();

  for (int i = 0; i < 8; ++i) {
    EXPECT_THAT(Identify(directory_ / absl::StrCat("c", i, ".pem")), IsOk());
  }
}

TEST_F(PrincipalCertificateTest, FilesThatAreThereStayUnlessForced) {
  ASSERT_THAT(Create(), IsOk());
  const std::string first = Content(directory_ / "ann.pem");

  EXPECT_THAT(Create(),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("ann.pem")));
  EXPECT_EQ(Content(directory_ / "ann.pem"), first);
  options_.force = true;
  EXPECT_THAT(Create(), IsOk());
  EXPECT_NE(Content(directory_ / "ann.pem"), first);
}

TEST_F(PrincipalCertificateTest, WhatIsNoGoodIsRefused) {
  options_.principal.id = "Ann,URI:airlock://role/gateway";
  EXPECT_THAT(Create(), StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("id must be")));
  options_.principal.id = "ann";
  options_.validity = absl::Hours(1);
  EXPECT_THAT(Create(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("days")));
  EXPECT_FALSE(std::filesystem::exists(certs_));
}

TEST_F(PrincipalCertificateTest, CertificateDoesNotOutliveItsAuthority) {
  options_.validity = absl::Hours(24 * 3650);
  EXPECT_THAT(Create(), IsOk());
  options_.out = directory_ / "late";

  EXPECT_THAT(CreatePrincipalCertificate(options_, kNow + absl::Hours(24)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("must not outlive its authority")));
}

TEST_F(PrincipalCertificateTest, WithoutTheAuthoritysKeyNothingIsMade) {
  ASSERT_THAT(Create(), IsOk());
  options_.force = true;
  std::filesystem::rename(certs_ + "/client-ca.key", certs_ + "/elsewhere");
  EXPECT_THAT(Create(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr("client-ca.key")));

  std::filesystem::copy(directory_ / "ann.key", certs_ + "/client-ca.key");
  EXPECT_THAT(Create(), StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("must be an authority")));
}

}  // namespace
}  // namespace airlock::cli
