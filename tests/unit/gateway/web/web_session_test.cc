#include "services/gateway/web/web_session.h"

#include <gmock/gmock.h>
#include <prometheus/registry.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/gateway/gateway_metrics.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class OneToken final : public Authenticator {
 public:
  absl::StatusOr<Principal> Authenticate(absl::string_view token) override {
    if (token != valid) {
      return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID",
                       "nobody has it");
    }
    return Principal{"ann", airlock::v1::PRINCIPAL_ROLE_APPROVER};
  }
  std::string valid = "secret";
};

class CountingSender final : public RefusalSender {
 public:
  absl::Status Send(const RefusalReport& report, absl::Time) override {
    attempts += static_cast<int>(report.attempts.size());
    return absl::OkStatus();
  }
  int attempts = 0;
};

class WebSessionTest : public testing::Test {
 protected:
  WebSessions Make(bool tls = true, char key = 'k') {
    return {{std::string(32, key), absl::Hours(1), tls},
            authenticator_,
            refusals_,
            clock_};
  }

  static HttpRequest SignInWith(const std::string& body) {
    HttpRequest request;
    request.method = "POST";
    request.body = body;
    request.peer_address = "10.0.0.1";
    return request;
  }
  static HttpRequest WithCookie(const std::string& cookie) {
    HttpRequest request;
    request.headers["cookie"] = cookie;
    return request;
  }
  static std::string SetCookieOf(const HttpResponse& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Set-Cookie") return value;
    }
    return "";
  }
  // What the browser would send after this answer.
  static std::string CookieOf(const HttpResponse& response) {
    const std::string set = SetCookieOf(response);
    return set.substr(0, set.find(';'));
  }

  FakeClock clock_;
  OneToken authenticator_;
  CountingSender sender_;
  prometheus::Registry registry_;
  GatewayMetrics metrics_{registry_};
  RefusalReporter refusals_{sender_, clock_, metrics_};
};

TEST_F(WebSessionTest, WhoHasTheTokenIsSignedIn) {
  WebSessions sessions = Make();

  const HttpResponse answer =
      sessions.SignIn(SignInWith(R"({"token":"secret"})"));

  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("id":"ann","role":"approver")"));
  const auto session = sessions.Of(WithCookie("a=b; " + CookieOf(answer)));
  ASSERT_TRUE(session.has_value());
  EXPECT_EQ(session->token, "secret");
  EXPECT_EQ(sessions.Show(WithCookie(CookieOf(answer))).status, 200);
}

TEST_F(WebSessionTest, TheCookieIsForThisPageOnlyAndHidesTheToken) {
  WebSessions sessions = Make();

  const HttpResponse answer =
      sessions.SignIn(SignInWith(R"({"token":"secret"})"));

  const std::string cookie = SetCookieOf(answer);
  EXPECT_THAT(cookie,
              AllOf(StartsWith("__Host-airlock="), HasSubstr("; HttpOnly"),
                    HasSubstr("; SameSite=Strict"), HasSubstr("; Secure"),
                    HasSubstr("; Path=/"), HasSubstr("; Max-Age=3600"),
                    Not(HasSubstr("secret"))));
}

TEST_F(WebSessionTest, WrongTokensAreRefusedAndTold) {
  WebSessions sessions = Make();

  EXPECT_EQ(sessions.SignIn(SignInWith(R"({"token":"guess"})")).status, 401);

  refusals_.Report();
  EXPECT_EQ(sender_.attempts, 1);
}

TEST_F(WebSessionTest, WhatIsNoSignInIsRefused) {
  WebSessions sessions = Make();

  for (const char* body :
       {"", "secret", "{}", R"({"token":""})", R"({"token":1})",
        R"({"token":"secret","more":1})", R"(["secret"])"}) {
    clock_.Advance(absl::Seconds(1));
    EXPECT_EQ(sessions.SignIn(SignInWith(body)).status, 400) << body;
  }
}

TEST_F(WebSessionTest, NobodyTriesWithoutEnd) {
  WebSessions sessions = Make();
  for (int i = 0; i < WebSessions::kTriesPerSecond; ++i) {
    EXPECT_EQ(sessions.SignIn(SignInWith(R"({"token":"guess"})")).status, 401);
  }

  EXPECT_EQ(sessions.SignIn(SignInWith(R"({"token":"secret"})")).status, 429);

  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(sessions.SignIn(SignInWith(R"({"token":"secret"})")).status, 200);
}

TEST_F(WebSessionTest, EndsWithItsTime) {
  WebSessions sessions = Make();
  const std::string cookie =
      CookieOf(sessions.SignIn(SignInWith(R"({"token":"secret"})")));

  clock_.Advance(absl::Hours(1) - absl::Seconds(1));
  EXPECT_TRUE(sessions.Of(WithCookie(cookie)).has_value());
  clock_.Advance(absl::Seconds(1));

  EXPECT_FALSE(sessions.Of(WithCookie(cookie)).has_value());
  EXPECT_EQ(sessions.Show(WithCookie(cookie)).status, 401);
}

TEST_F(WebSessionTest, EndsWithItsToken) {
  WebSessions sessions = Make();
  const std::string cookie =
      CookieOf(sessions.SignIn(SignInWith(R"({"token":"secret"})")));

  authenticator_.valid = "another";

  EXPECT_EQ(sessions.Show(WithCookie(cookie)).status, 401);
}

TEST_F(WebSessionTest, CookiesOfAnotherKeyOrAChangedOneAreNone) {
  WebSessions sessions = Make();
  const std::string cookie =
      CookieOf(sessions.SignIn(SignInWith(R"({"token":"secret"})")));

  EXPECT_FALSE(Make(true, 'x').Of(WithCookie(cookie)).has_value());
  EXPECT_TRUE(Make().Of(WithCookie(cookie)).has_value());
  for (std::size_t i = std::string("__Host-airlock=").size(); i < cookie.size();
       ++i) {
    std::string changed = cookie;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto session = sessions.Of(WithCookie(changed));
    // The last character of Base64 may have bits that mean nothing.
    EXPECT_TRUE(!session.has_value() || i == cookie.size() - 1) << i;
  }
  EXPECT_FALSE(sessions.Of(WithCookie("__Host-airlock=")).has_value());
  EXPECT_FALSE(sessions.Of(WithCookie("__Host-airlock=x;;=;")).has_value());
}

TEST_F(WebSessionTest, SigningOutTakesTheCookie) {
  const HttpResponse answer = Make().SignOut();

  EXPECT_EQ(answer.status, 204);
  EXPECT_THAT(SetCookieOf(answer),
              AllOf(StartsWith("__Host-airlock=;"), HasSubstr("Max-Age=0")));
}

TEST(WebSessionKeyTest, ComesFromItsFile) {
  const TemporaryDirectory folder;
  const std::string path = folder / "web.key";
  const std::string shorter = folder / "short.key";
  std::ofstream(path) << std::string(32, 'a');
  std::ofstream(shorter) << "abc";
  for (const std::string& file : {path, shorter}) {
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  }

  const auto key = ReadWebSessionKey(path);

  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->size(), 32U);
  EXPECT_EQ(*ReadWebSessionKey(path), *key);
  EXPECT_NE(*ReadWebSessionKey(""), *ReadWebSessionKey(""));
  for (const std::string& bad : {shorter, path + ".none"}) {
    EXPECT_THAT(ReadWebSessionKey(bad).status().message(),
                HasSubstr("gateway.web.sessionKeyPath"));
  }
}

}  // namespace
}  // namespace airlock::gateway
