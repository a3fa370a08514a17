// Who is signed in.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/security/authenticator.h"
#include "common/time/clock.h"
#include "services/gateway/admission/call_rate.h"
#include "services/gateway/http/http_message.h"
#include "services/gateway/refusals/refusal_reporter.h"

namespace airlock::gateway {

// Somebody who has signed in with a token.
struct WebSession {
  // Whose it is is asked anew with each call: a token that was withdrawn signs
  // out.
  std::string token;
  // When it ends.
  absl::Time expire_time;
};

struct WebSessionOptions {
  // 32 bytes; the same for all gateways behind one name.
  std::string key;
  absl::Duration lifetime;
  // Cookies go over TLS only.
  bool tls = false;
};

// Signs in and out. Nothing is kept here: the cookie holds the token, sealed,
// so that any gateway with the same key knows it and the policy service can
// check it again. Signing out takes the cookie from the browser; what a thief
// has of it ends with its time, the token or the key. Thread-safe.
class WebSessions {
 public:
  // Tries of one address in a second, on average.
  static constexpr int kTriesPerSecond = 5;

  // All must outlive this.
  WebSessions(WebSessionOptions options, Authenticator& authenticator,
              RefusalReporter& refusals, const Clock& clock)
      : options_(std::move(options)),
        authenticator_(authenticator),
        refusals_(refusals),
        clock_(clock),
        tries_(kTriesPerSecond, clock) {}

  // Answers a sign-in: {"token": ...}. Of a token that nobody has the audit
  // hears; 429 if an address tries too often.
  HttpResponse SignIn(const HttpRequest& request);
  // Who is signed in, or 401.
  HttpResponse Show(const HttpRequest& request);
  HttpResponse SignOut() const;

  // The session of the request's cookie; nothing if it has none that holds.
  std::optional<WebSession> Of(const HttpRequest& request) const;

 private:
  std::string CookieName() const;
  std::string Cookie(absl::string_view value, absl::Duration age) const;
  HttpResponse Describe(const WebSession& session);

  const WebSessionOptions options_;
  Authenticator& authenticator_;
  RefusalReporter& refusals_;
  const Clock& clock_;
  CallRate tries_;
};

// Nobody is signed in, or not any more. UNAUTHENTICATED with reason
// NOT_SIGNED_IN.
absl::Status NotSignedInError();

// The key in a file of 32 bytes or more; a new one where `path` is empty.
// Errors name "gateway.web.sessionKeyPath".
absl::StatusOr<std::string> ReadWebSessionKey(const std::string& path);

}  // namespace airlock::gateway
