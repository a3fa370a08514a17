#include "services/gateway/web/web_session.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/json/json_writer.h"
#include "common/security/digest.h"
#include "common/security/pem_file.h"
#include "common/security/random.h"
#include "common/security/sealed_text.h"
#include "common/status/error.h"
#include "services/gateway/web/json_answer.h"
#include "services/gateway/web/sign_in_request.h"

namespace airlock::gateway {
namespace {

constexpr char kPurpose[] = "airlock.web.session.v1";
constexpr std::size_t kKeyBytes = 32;
constexpr int kOk = 200;

absl::Status TooManyTries() {
  return WithRetryDelay(
      MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_SIGN_INS",
                "this address has tried to sign in too often"),
      absl::Seconds(1));
}

}  // namespace

HttpResponse WebSessions::SignIn(const HttpRequest& request) {
  if (!tries_.Take(request.peer_address).ok()) {
    return ErrorResponse(TooManyTries());
  }
  const absl::StatusOr<std::string> token = ReadSignInRequest(request.body);
  if (!token.ok()) return ErrorResponse(token.status());
  const WebSession session{*token, clock_.Now() + options_.lifetime};
  HttpResponse response = Describe(session);
  if (response.status != kOk) {
    refusals_.Add("SignIn", "TOKEN_INVALID", "", request.peer_address);
    return response;
  }
  const std::string content =
      absl::StrCat(absl::ToUnixMillis(session.expire_time), " ", session.token);
  response.headers.emplace_back(
      "Set-Cookie",
      Cookie(SealText(options_.key, kPurpose, content), options_.lifetime));
  return response;
}

HttpResponse WebSessions::Show(const HttpRequest& request) {
  const std::optional<WebSession> session = Of(request);
  return session ? Describe(*session) : ErrorResponse(NotSignedInError());
}

HttpResponse WebSessions::SignOut() const {
  return {204,
          {{"Set-Cookie", Cookie("", absl::ZeroDuration())},
           {"Cache-Control", "no-store"}},
          ""};
}

std::optional<WebSession> WebSessions::Of(const HttpRequest& request) const {
  const std::string prefix = CookieName() + "=";
  for (absl::string_view part : absl::StrSplit(request.Header("cookie"), ';')) {
    part = absl::StripAsciiWhitespace(part);
    if (part.substr(0, prefix.size()) != prefix) continue;
    const std::optional<std::string> content =
        OpenSealedText(options_.key, kPurpose, part.substr(prefix.size()));
    if (!content) continue;
    const std::pair<std::string, std::string> fields =
        absl::StrSplit(*content, absl::MaxSplits(' ', 1));
    std::int64_t millis = 0;
    if (!absl::SimpleAtoi(fields.first, &millis)) continue;
    const absl::Time expire = absl::FromUnixMillis(millis);
    if (clock_.Now() < expire) return WebSession{fields.second, expire};
  }
  return std::nullopt;
}

std::string WebSessions::CookieName() const {
  // The browser itself then refuses one that another host or path has set.
  return options_.tls ? "__Host-airlock" : "airlock";
}

std::string WebSessions::Cookie(absl::string_view value,
                                absl::Duration age) const {
  return absl::StrCat(
      CookieName(), "=", value, "; Path=/; HttpOnly; SameSite=Strict; Max-Age=",
      absl::ToInt64Seconds(age), options_.tls ? "; Secure" : "");
}

HttpResponse WebSessions::Describe(const WebSession& session) {
  const absl::StatusOr<Principal> principal =
      authenticator_.Authenticate(session.token);
  if (!principal.ok()) return ErrorResponse(principal.status());
  JsonWriter json;
  json.BeginObject();
  json.Key("principal");
  json.BeginObject();
  json.Text("id", principal->id);
  json.Text("role", PrincipalRoleWord(principal->role));
  json.EndObject();
  json.Text("expireTime",
            absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", session.expire_time,
                             absl::UTCTimeZone()));
  json.EndObject();
  return JsonResponse(kOk, std::move(json).Take());
}

absl::Status NotSignedInError() {
  return MakeError(absl::StatusCode::kUnauthenticated, "NOT_SIGNED_IN",
                   "nobody is signed in, or the time for it is over");
}

absl::StatusOr<std::string> ReadWebSessionKey(const std::string& path) {
  if (path.empty()) return RandomBytes(kKeyBytes);
  const absl::StatusOr<std::string> content = ReadPrivateFile(path);
  if (!content.ok()) {
    return absl::Status(content.status().code(),
                        absl::StrCat("gateway.web.sessionKeyPath: ",
                                     content.status().message()));
  }
  if (content->size() < kKeyBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("gateway.web.sessionKeyPath: \"", path,
                     "\" must have at least ", kKeyBytes, " random bytes"));
  }
  return ToBytes(Sha256(absl::StrCat(kPurpose, *content)));
}

}  // namespace airlock::gateway
