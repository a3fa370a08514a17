// The page over TLS.
#include <gmock/gmock.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/http/curl_transport.h"
#include "tests/integration/services/stack.h"
#include "tests/support/raw_http.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class WebTlsTest : public testing::Test {
 protected:
  WebTlsTest() { stack_.AcceptCertificates(stack_.certs().ca_path()); }

  absl::StatusOr<HttpResponse> Send(HttpRequest request) {
    HttpEndpoint endpoint;
    endpoint.ca_file = stack_.certs().ca_path();
    request.url = absl::StrCat(
        "https://localhost:", stack_.gateway().web_port(), request.url);
    return CurlTransport(endpoint).Send(request,
                                        absl::Now() + absl::Seconds(10));
  }

  Stack stack_;
};

// Nobody has a certificate in the browser: the one at the door is not asked
// for here.
TEST_F(WebTlsTest, SignsInWithATokenAndKeepsTheCookieToTls) {
  HttpRequest sign_in;
  sign_in.method = "POST";
  sign_in.url = "/api/session";
  sign_in.headers = {{"X-Airlock-Page", "1"}};
  sign_in.body = R"({"token":"token-of-ann"})";
  const auto in = Send(sign_in);
  ASSERT_THAT(in, IsOk());
  ASSERT_EQ(in->status, 200);
  const std::string cookie(in->Header("set-cookie"));
  EXPECT_THAT(cookie, StartsWith("__Host-airlock="));
  EXPECT_THAT(cookie, HasSubstr("; Secure"));

  HttpRequest show;
  show.url = "/api/session";
  show.headers = {{"Cookie", cookie.substr(0, cookie.find(';'))}};
  const auto shown = Send(show);

  ASSERT_THAT(shown, IsOk());
  EXPECT_EQ(shown->status, 200);
  EXPECT_THAT(shown->Header("strict-transport-security"),
              HasSubstr("max-age="));
}

TEST_F(WebTlsTest, PlainTextGetsNothing) {
  EXPECT_EQ(Fetch(stack_.gateway().web_port(), "GET", "/").status, 0);
}

}  // namespace
}  // namespace airlock
