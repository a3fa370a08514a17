#include "common/security/certificate_name.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace airlock {
namespace {

using airlock::v1::PEER_ROLE_EXECUTOR;
using airlock::v1::PEER_ROLE_GATEWAY;
using airlock::v1::PEER_ROLE_POLICY;
using airlock::v1::PEER_ROLE_UNSPECIFIED;

TEST(CertificateNameTest, EveryNameIsReadAsItIsWritten) {
  EXPECT_EQ(PeerUri(PEER_ROLE_EXECUTOR), "airlock://role/executor");
  for (const auto role :
       {PEER_ROLE_GATEWAY, PEER_ROLE_POLICY, PEER_ROLE_EXECUTOR}) {
    EXPECT_EQ(PeerRoleFromUris({PeerUri(role)}), role);
  }
  EXPECT_EQ(PrincipalUri({"demo", airlock::v1::PRINCIPAL_ROLE_AGENT}),
            "airlock://principal/agent/demo");
  for (const char* word : {"agent", "approver", "auditor", "operator"}) {
    const Principal principal{"a.b_c-1", *PrincipalRoleFromWord(word)};
    const auto read = PrincipalFromUris({PrincipalUri(principal)});
    ASSERT_TRUE(read.has_value()) << word;
    EXPECT_EQ(read->id, principal.id);
    EXPECT_EQ(read->role, principal.role);
  }
}

TEST(CertificateNameTest, ServiceIsNoPrincipalAndPrincipalNoService) {
  EXPECT_FALSE(PrincipalFromUris({PeerUri(PEER_ROLE_GATEWAY)}).has_value());
  EXPECT_EQ(PeerRoleFromUris({"airlock://principal/agent/gateway"}),
            PEER_ROLE_UNSPECIFIED);
  EXPECT_EQ(PeerRoleFromUris({"airlock://principal/gateway"}),
            PEER_ROLE_UNSPECIFIED);
}

TEST(CertificateNameTest, SeveralNamesNameNobody) {
  for (const auto& uris : std::vector<std::vector<std::string>>{
           {"airlock://principal/agent/a", "airlock://principal/agent/a"},
           {"airlock://principal/agent/a", "airlock://principal/operator/b"},
           {"airlock://principal/agent/a", "airlock://role/gateway"},
           {"airlock://role/gateway", "airlock://principal/agent/a"},
           {"airlock://role/gateway", "AIRLOCK://role/executor"},
           {"airlock:principal", "airlock://principal/agent/a"}}) {
    EXPECT_FALSE(PrincipalFromUris(uris).has_value()) << uris[0];
    EXPECT_EQ(PeerRoleFromUris(uris), PEER_ROLE_UNSPECIFIED) << uris[0];
  }
}

TEST(CertificateNameTest, UrisOfOtherSchemesDoNotMatter) {
  EXPECT_TRUE(
      PrincipalFromUris({"https://example.com", "airlock://principal/agent/a",
                         "spiffe://example.com/agent"})
          .has_value());
  EXPECT_EQ(
      PeerRoleFromUris({"spiffe://example.com/x", "airlock://role/policy"}),
      PEER_ROLE_POLICY);
}

TEST(CertificateNameTest, WhatIsNotExactlyAPrincipalIsNone) {
  for (const std::string uri : {"",
                                "airlock://principal",
                                "airlock://principal/",
                                "airlock://principal/agent",
                                "airlock://principal/agent/",
                                "airlock://principal//a",
                                "airlock://principal/Agent/a",
                                "airlock://principal/gateway/a",
                                "airlock://principal/unspecified/a",
                                "airlock://principal/agent/A",
                                "airlock://principal/agent/a/b",
                                "airlock://principal/agent/a/",
                                "airlock://principal/agent/a?x",
                                "airlock://principal/agent/a ",
                                "airlock://principal/agent/-a",
                                "airlock://principal/agent/%61",
                                "Airlock://principal/agent/a",
                                "airlock:principal/agent/a",
                                "airlock://Principal/agent/a",
                                " airlock://principal/agent/a"}) {
    EXPECT_FALSE(PrincipalFromUris({uri}).has_value()) << uri;
  }
  EXPECT_FALSE(
      PrincipalFromUris({"airlock://principal/agent/" + std::string(64, 'a')})
          .has_value());
  EXPECT_FALSE(
      PrincipalFromUris({std::string("airlock://principal/agent/a\0b", 29)})
          .has_value());
  EXPECT_FALSE(PrincipalFromUris({}).has_value());
}

}  // namespace
}  // namespace airlock
