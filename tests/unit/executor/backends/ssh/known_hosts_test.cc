#include "services/executor/backends/ssh/connection/known_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/executor/backends/ssh/connection/host_key.h"

namespace airlock::executor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// An ed25519 key as it stands in a file; `letter` makes it another one.
std::string Key(char letter) {
  const std::string wire =
      absl::StrCat(absl::string_view("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19),
                   std::string(32, letter));
  return absl::StrCat("ssh-ed25519 ", absl::Base64Escape(wire));
}

// Where the keys of `name` stand.
std::vector<std::string> Sources(const std::string& text,
                                 const std::string& name) {
  std::vector<std::string> sources;
  for (const KnownKey& key : FindKnownKeys(text, "f", name)) {
    sources.push_back(key.source);
  }
  return sources;
}

TEST(KnownHostsTest, NamesArePlainListedAndPatterns) {
  const std::string text = absl::StrCat(
      "# comment\n", "host.example ", Key('a'), "\n\n",
      "other,HOST.example,10.0.0.1 ", Key('b'), " a comment\n",
      "*.example,!host.* ", Key('c'), "\n", "h?st.* ", Key('d'), "\n");

  EXPECT_THAT(Sources(text, "host.example"), ElementsAre("f:2", "f:4", "f:6"));
  EXPECT_THAT(Sources(text, "10.0.0.1"), ElementsAre("f:4"));
  EXPECT_THAT(Sources(text, "some.example"), ElementsAre("f:5"));
  EXPECT_THAT(Sources(text, "example"), IsEmpty());
}

TEST(KnownHostsTest, APortIsPartOfTheName) {
  EXPECT_EQ(KnownHostName("Host.Example", 22), "host.example");
  EXPECT_EQ(KnownHostName("Host.Example", 2222), "[host.example]:2222");
  const std::string text =
      absl::StrCat("host ", Key('a'), "\n[host]:2222 ", Key('b'), "\n");

  EXPECT_THAT(Sources(text, KnownHostName("host", 2222)), ElementsAre("f:2"));
  EXPECT_THAT(Sources(text, KnownHostName("host", 22)), ElementsAre("f:1"));
}

TEST(KnownHostsTest, HashedNamesAreCompared) {
  // As "ssh-keygen -H" makes it of "example.org".
  const std::string text = absl::StrCat(
      "|1|Qj9grhD1UTCGJcRXbNSNXHPeiug=|wNhUTF1YPC+r2LZQmMLJ2m/olR0= ", Key('a'),
      "\n|1|!|! ", Key('b'), "\n|1|AAAA ", Key('c'), "\n");

  EXPECT_THAT(Sources(text, "example.org"), ElementsAre("f:1"));
  EXPECT_THAT(Sources(text, "example.com"), IsEmpty());
}

TEST(KnownHostsTest, RevokedKeysAreMarkedAndAuthoritiesPassedOver) {
  const std::string text =
      absl::StrCat("@revoked * ", Key('a'), "\n@cert-authority * ", Key('b'),
                   "\n@unheard-of * ", Key('c'), "\nhost ", Key('d'), "\n");

  const std::vector<KnownKey> keys = FindKnownKeys(text, "f", "host");

  ASSERT_EQ(keys.size(), 2U);
  EXPECT_TRUE(keys[0].revoked);
  EXPECT_EQ(keys[0].key.text(), Key('a'));
  EXPECT_FALSE(keys[1].revoked);
}

TEST(KnownHostsTest, LinesNobodyUnderstandsArePassedOver) {
  EXPECT_THAT(
      Sources("host\nhost ssh-ed25519\nhost ssh-ed25519 !!!\n\n \t\n", "host"),
      IsEmpty());
  EXPECT_THAT(
      Sources(absl::StrCat("host ssh-rsa ", Key('a').substr(12)), "host"),
      IsEmpty())
      << "the type beside the key is not the key's own";
}

TEST(KnownHostsTest, MalformedKeysHaveNoType) {
  EXPECT_EQ(HostKey("").type(), "");
  EXPECT_EQ(HostKey(absl::string_view("\0\0\1\0ssh", 7)).type(), "");
  EXPECT_EQ(HostKey(absl::string_view("\0\0\0\4a\nb c", 8)).type(), "");
}

}  // namespace
}  // namespace airlock::executor
