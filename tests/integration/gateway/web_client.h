// A browser, as far as the page's API is concerned.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "tests/integration/services/stack.h"
#include "tests/support/raw_http.h"

namespace airlock {

// Signed in as one principal of a Stack, or not.
class WebClient {
 public:
  explicit WebClient(int port) : port_(port) {}

  RawHttpAnswer SignIn(const std::string& principal) {
    RawHttpAnswer answer = Post(
        "/api/session",
        nlohmann::json{{"token", absl::StrCat("token-of-", principal)}}.dump());
    const std::string& cookie = answer.headers["set-cookie"];
    cookie_ = cookie.substr(0, cookie.find(';'));
    return answer;
  }

  // The headers of a request of the page itself.
  std::string Headers() const {
    return absl::StrCat("X-Airlock-Page: 1\r\nCookie: ", cookie_, "\r\n");
  }
  const std::string& cookie() const { return cookie_; }

  RawHttpAnswer Post(const std::string& path, const std::string& body) const {
    return Fetch(port_, "POST", path, Headers(), body);
  }
  RawHttpAnswer Get(const std::string& path) const {
    return Fetch(port_, "GET", path, Headers());
  }
  RawHttpAnswer Call(const std::string& method, const std::string& body) const {
    return Post("/api/call/" + method, body);
  }

 private:
  const int port_;
  std::string cookie_ = "none=1";
};

// Until calls arrive at the policy service; at most 20 s.
inline bool WaitForWeb(const WebClient& client) {
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (absl::Now() < deadline) {
    if (client.Call("ApprovalService/ListApprovals", "{}").status == 200) {
      return true;
    }
  }
  return false;
}

}  // namespace airlock
