#include "services/gateway/web/page_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"

namespace airlock::gateway {
namespace {

using testing::HasSubstr;

HttpRequest Post(std::map<std::string, std::string> headers) {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"host", "air.example"}, {"x-airlock-page", "1"}};
  for (const auto& [name, value] : headers) request.headers[name] = value;
  return request;
}

TEST(SecurityHeadersTest, ForbidWhatThePageDoesNotDo) {
  HttpResponse response;

  AddSecurityHeaders(/*tls=*/true, response);

  const std::map<std::string, std::string> headers(response.headers.begin(),
                                                   response.headers.end());
  const std::string& policy = headers.at("Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(headers.at("X-Frame-Options"), "DENY");
  EXPECT_EQ(headers.at("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(headers.count("Strict-Transport-Security"), 1U);
}

TEST(SecurityHeadersTest, WithoutTlsNobodyIsToldToKeepIt) {
  HttpResponse response;

  AddSecurityHeaders(/*tls=*/false, response);

  for (const auto& [name, value] : response.headers) {
    EXPECT_NE(name, "Strict-Transport-Security");
  }
}

TEST(SameOriginTest, ThePageItselfMayAsk) {
  EXPECT_THAT(CheckSameOrigin(Post({{"origin", "https://air.example"}}), true),
              IsOk());
  EXPECT_THAT(CheckSameOrigin(Post({{"sec-fetch-site", "same-origin"}}), true),
              IsOk());
  EXPECT_THAT(CheckSameOrigin(Post({{"origin", "http://air.example"}}), false),
              IsOk());
  HttpRequest get;
  get.method = "GET";
  get.headers = {{"host", "air.example"}, {"sec-fetch-site", "none"}};
  EXPECT_THAT(CheckSameOrigin(get, true), IsOk());
}

TEST(SameOriginTest, NobodyElseMay) {
  for (const HttpRequest& request :
       {Post({{"origin", "https://evil.example"}}),
        Post({{"origin", "http://air.example"}}), Post({{"origin", "null"}}),
        Post({{"sec-fetch-site", "cross-site"}}),
        Post({{"sec-fetch-site", "same-site"}}),
        Post({{"sec-fetch-site", "none"}}), Post({{"x-airlock-page", "0"}}),
        Post({{"x-airlock-page", ""}})}) {
    EXPECT_EQ(ErrorReason(CheckSameOrigin(request, true)), "CROSS_ORIGIN");
  }
}

}  // namespace
}  // namespace airlock::gateway
