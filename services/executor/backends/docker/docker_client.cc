#include "services/executor/backends/docker/docker_client.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"

namespace airlock::executor {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxMessageBytes = 2048;

// The engine's words: {"message": ...}, or a body of plain text.
std::string MessageOf(const HttpResponse& response) {
  const json parsed = json::parse(response.body, nullptr, false);
  std::string text;
  if (parsed.is_object() && parsed.contains("message") &&
      parsed["message"].is_string()) {
    text = parsed["message"].get<std::string>();
  } else {
    text = response.body;
  }
  absl::StripAsciiWhitespace(&text);
  if (text.size() > kMaxMessageBytes) text.resize(kMaxMessageBytes);
  if (text.empty()) return absl::StrCat("HTTP status ", response.status);
  return absl::Utf8SafeCEscape(text);
}

absl::StatusCode CodeOf(int http_status) {
  switch (http_status) {
    case 401:
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return absl::StatusCode::kAlreadyExists;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    default:
      if (http_status >= 500) return absl::StatusCode::kUnavailable;
      if (http_status >= 400) return absl::StatusCode::kInvalidArgument;
      return absl::StatusCode::kInternal;
  }
}

absl::Status EngineError(const HttpResponse& response) {
  return MakeError(CodeOf(response.status), "ENGINE_ERROR",
                   absl::StrCat("the engine says: ", MessageOf(response)),
                   {{"http_status", absl::StrCat(response.status)}});
}

// The transport's error, as the engine's absence.
absl::Status NoEngine(const absl::Status& error) {
  if (error.code() != absl::StatusCode::kUnavailable) return error;
  return MakeError(
      absl::StatusCode::kUnavailable, "ENGINE_UNAVAILABLE",
      absl::StrCat("the engine does not answer: ", error.message()));
}

// "1.41" -> 41
std::optional<int> ParseApiMinor(absl::string_view version) {
  int minor = 0;
  if (!absl::ConsumePrefix(&version, "1.") ||
      !absl::SimpleAtoi(version, &minor)) {
    return std::nullopt;
  }
  return minor;
}

}  // namespace

std::string PercentEncode(absl::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
        c == '_' || c == '.' || c == '~') {
      encoded.push_back(c);
    } else {
      absl::StrAppend(
          &encoded, "%",
          absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return encoded;
}

absl::StatusOr<DockerAddress> ParseDockerEndpoint(absl::string_view endpoint,
                                                  bool tls) {
  DockerAddress address;
  absl::string_view rest = endpoint;
  if (absl::ConsumePrefix(&rest, "unix://") && absl::StartsWith(rest, "/")) {
    address.unix_socket_path = std::string(rest);
    address.base_url = "http://docker";
    return address;
  }
  rest = endpoint;
  if (absl::ConsumePrefix(&rest, "tcp://") && !rest.empty() &&
      !absl::StrContains(rest, '/') && !absl::StrContains(rest, '@')) {
    address.base_url = absl::StrCat(tls ? "https://" : "http://", rest);
    return address;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the engine's endpoint must be unix:///path or "
                   "tcp://host:port: got \"",
                   endpoint, "\""));
}

DockerClient::DockerClient(std::shared_ptr<HttpTransport> transport,
                           DockerAddress address)
    : transport_(std::move(transport)), address_(std::move(address)) {}

absl::Status DockerClient::Ping(absl::Time deadline) {
  HttpRequest request;
  request.url = absl::StrCat(address_.base_url, "/_ping");
  request.max_answer_bytes = 4096;
  absl::StatusOr<HttpResponse> response = transport_->Send(request, deadline);
  if (!response.ok()) return NoEngine(response.status());
  if (response->status != 200) return EngineError(*response);
  const absl::string_view told = response->Header("Api-Version");
  const std::optional<int> minor = ParseApiMinor(told);
  if (!minor.has_value() || *minor < kMinApiMinor) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "ENGINE_TOO_OLD",
        absl::StrCat("the engine must speak API version 1.", kMinApiMinor,
                     " or newer: got \"", absl::Utf8SafeCEscape(told), "\""));
  }
  absl::MutexLock lock(&mutex_);
  prefix_ = absl::StrCat("/v1.", std::min(*minor, kMaxApiMinor));
  return absl::OkStatus();
}

absl::StatusOr<HttpRequest> DockerClient::MakeRequest(const DockerCall& call,
                                                      absl::Time deadline) {
  std::string prefix;
  for (int attempt = 0; prefix.empty() && attempt < 2; ++attempt) {
    {
      absl::MutexLock lock(&mutex_);
      prefix = prefix_;
    }
    if (!prefix.empty()) break;
    absl::Status pinged = Ping(deadline);
    if (!pinged.ok()) return pinged;
  }
  HttpRequest request;
  request.method = call.method;
  request.url = absl::StrCat(address_.base_url, prefix, call.path);
  char separator = '?';
  for (const auto& [name, value] : call.query) {
    absl::StrAppend(&request.url, std::string(1, separator), name, "=",
                    PercentEncode(value));
    separator = '&';
  }
  request.headers = call.headers;
  request.body = call.body;
  if (!call.body.empty()) {
    request.headers.emplace_back("Content-Type", call.content_type);
  }
  request.max_answer_bytes = call.max_answer_bytes;
  request.on_body = call.on_body;
  return request;
}

absl::StatusOr<HttpResponse> DockerClient::Call(const DockerCall& call,
                                                absl::Time deadline) {
  absl::StatusOr<HttpRequest> request = MakeRequest(call, deadline);
  if (!request.ok()) return request.status();
  absl::StatusOr<HttpResponse> response = transport_->Send(*request, deadline);
  if (!response.ok()) return NoEngine(response.status());
  if (response->status / 100 != 2 && response->status != 304) {
    return EngineError(*response);
  }
  return response;
}

absl::StatusOr<json> DockerClient::CallJson(const DockerCall& call,
                                            absl::Time deadline) {
  absl::StatusOr<HttpResponse> response = Call(call, deadline);
  if (!response.ok()) return response.status();
  json parsed = json::parse(response->body, nullptr, false);
  if (parsed.is_discarded()) {
    return MakeError(absl::StatusCode::kInternal, "ENGINE_ERROR",
                     absl::StrCat("the engine's answer to ", call.method, " ",
                                  call.path, " is not JSON"));
  }
  return parsed;
}

absl::StatusOr<std::unique_ptr<UpgradedConnection>> DockerClient::Hijack(
    const DockerCall& call, absl::Time deadline) {
  absl::StatusOr<HttpRequest> request = MakeRequest(call, deadline);
  if (!request.ok()) return request.status();
  request->headers.emplace_back("Connection", "Upgrade");
  request->headers.emplace_back("Upgrade", "tcp");
  absl::StatusOr<HttpTransport::UpgradeResult> result =
      transport_->Upgrade(*request, deadline);
  if (!result.ok()) return NoEngine(result.status());
  if (result->connection == nullptr) return EngineError(result->response);
  return std::move(result->connection);
}

}  // namespace airlock::executor
