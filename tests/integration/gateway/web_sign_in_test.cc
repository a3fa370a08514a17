// Who may come in at the page, and from where.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/integration/gateway/web_client.h"
#include "tests/integration/services/stack.h"

namespace airlock {
namespace {

using testing::HasSubstr;

class WebSignInTest : public testing::Test {
 protected:
  int port() { return stack_.gateway().web_port(); }

  Stack stack_;
  WebClient ann_{port()};
};

TEST_F(WebSignInTest, SignsInAndOut) {
  EXPECT_EQ(ann_.Get("/api/session").status, 401);

  const RawHttpAnswer in = ann_.SignIn("ann");

  EXPECT_EQ(in.status, 200);
  EXPECT_THAT(in.body, HasSubstr(R"("role":"approver")"));
  EXPECT_THAT(in.headers.at("set-cookie"), HasSubstr("HttpOnly"));
  EXPECT_EQ(ann_.Get("/api/session").body, in.body);
  const RawHttpAnswer out =
      Fetch(port(), "DELETE", "/api/session", ann_.Headers());
  EXPECT_EQ(out.status, 204);
  EXPECT_THAT(out.headers.at("set-cookie"), HasSubstr("Max-Age=0"));
}

TEST_F(WebSignInTest, WrongTokensAreRefused) {
  EXPECT_EQ(ann_.SignIn("nobody").status, 401);
  EXPECT_EQ(ann_.Get("/api/session").status, 401);
}

TEST_F(WebSignInTest, WithoutSignInNothingIsCalled) {
  for (const char* path : {"/api/call/ApprovalService/ListApprovals",
                           "/api/call/ExecutionService/ListExecutions",
                           "/api/audit/list", "/api/nothing"}) {
    EXPECT_EQ(ann_.Post(path, "{}").status, 401) << path;
  }
  EXPECT_EQ(ann_.Get("/api/events/ApprovalService/WatchApprovals").status, 401);
  EXPECT_EQ(ann_.Get("/api/audit/export").status, 401);
}

TEST_F(WebSignInTest, AGatewayThatStartsAnewStillKnowsWhoIsSignedIn) {
  ASSERT_EQ(ann_.SignIn("ann").status, 200);

  stack_.StopGateway();
  stack_.StartGateway();

  EXPECT_EQ(ann_.Get("/api/session").status, 200);
}

TEST_F(WebSignInTest, OtherOriginsAskForNothing) {
  ASSERT_EQ(ann_.SignIn("ann").status, 200);
  const std::string cookie = absl::StrCat("Cookie: ", ann_.cookie(), "\r\n");
  constexpr char kPath[] = "/api/call/ApprovalService/ListApprovals";

  // A form of another page sends the cookie, and nothing else.
  EXPECT_EQ(Fetch(port(), "POST", kPath, cookie, "{}").status, 403);
  EXPECT_EQ(
      Fetch(port(), "POST", kPath,
            absl::StrCat(ann_.Headers(), "Origin: https://evil\r\n"), "{}")
          .status,
      403);
  EXPECT_EQ(Fetch(port(), "GET", "/api/events/ApprovalService/WatchApprovals",
                  absl::StrCat(cookie, "Sec-Fetch-Site: cross-site\r\n"))
                .status,
            403);
  EXPECT_EQ(Fetch(port(), "DELETE", "/api/session", cookie).status, 403);
}

TEST_F(WebSignInTest, EveryAnswerKeepsToItself) {
  for (const RawHttpAnswer& answer :
       {ann_.Get("/"), ann_.Get("/nothing"), ann_.Get("/api/session"),
        Fetch(port(), "PUT", "/")}) {
    EXPECT_THAT(answer.headers.at("content-security-policy"),
                HasSubstr("frame-ancestors 'none'"));
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
  }
}

TEST_F(WebSignInTest, WhoIsNotSignedInSendsLittle) {
  const std::string large(5000, ' ');

  EXPECT_EQ(ann_.Post("/api/session", large).status, 413);

  ASSERT_EQ(ann_.SignIn("ann").status, 200);
  EXPECT_EQ(ann_.Post("/api/session", large).status, 400);
}

TEST_F(WebSignInTest, NothingBehindThePageIsToBeHad) {
  for (const char* path : {"/page/../../etc/passwd", "/page/%2e%2e/x",
                           "/..%2f..%2fetc/passwd", "/page//etc/passwd"}) {
    EXPECT_EQ(ann_.Get(path).status, 404) << path;
  }
}

}  // namespace
}  // namespace airlock
