#include "common/http/curl_transport.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/http/curl_connection.h"
#include "common/http/response_head.h"
#include "common/status/error.h"

namespace airlock {
namespace {

constexpr std::size_t kMaxIdleHandles = 8;

// An answer while it comes in.
struct Incoming {
  CURL* curl = nullptr;
  const HttpRequest* request = nullptr;
  HttpResponse response;
  std::size_t head_bytes = 0;
  std::size_t body_bytes = 0;
  absl::Status error;
};

CurlLong StatusOf(CURL* curl) {
  CurlLong status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count,
                     void* user) {
  auto& incoming = *static_cast<Incoming*>(user);
  const absl::string_view line(data, size * count);
  incoming.head_bytes += line.size();
  if (incoming.head_bytes > kMaxResponseHeadBytes) {
    incoming.error = absl::ResourceExhaustedError(
        absl::StrCat("the head of an HTTP answer is longer than ",
                     kMaxResponseHeadBytes, " bytes"));
    return 0;
  }
  // A new status line: what came before was an interim answer.
  if (absl::StartsWith(line, "HTTP/")) incoming.response.headers.clear();
  if (const std::size_t colon = line.find(':');
      colon != absl::string_view::npos) {
    incoming.response.headers.emplace_back(
        std::string(line.substr(0, colon)),
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
  }
  return line.size();
}

std::size_t OnBody(char* data, std::size_t size, std::size_t count,
                   void* user) {
  auto& incoming = *static_cast<Incoming*>(user);
  const absl::string_view piece(data, size * count);
  incoming.body_bytes += piece.size();
  if (incoming.body_bytes > incoming.request->max_answer_bytes) {
    incoming.error = absl::ResourceExhaustedError(
        absl::StrCat("an HTTP answer is longer than ",
                     incoming.request->max_answer_bytes, " bytes"));
    return 0;
  }
  if (incoming.request->on_body && StatusOf(incoming.curl) / 100 == 2) {
    incoming.error = incoming.request->on_body(piece);
    return incoming.error.ok() ? piece.size() : 0;
  }
  incoming.response.body.append(piece.data(), piece.size());
  return piece.size();
}

CurlList HeaderList(const HttpRequest& request) {
  CurlList list;
  const auto add = [&list](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(longer);
  };
  for (const auto& [name, value] : request.headers) {
    // A header without a value needs a semicolon in libcurl's language.
    add(value.empty() ? absl::StrCat(name, ";")
                      : absl::StrCat(name, ": ", value));
  }
  // No waiting for "100 Continue" before a body.
  add("Expect:");
  return list;
}

void SetMethod(CURL* curl, const HttpRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "GET" && request.body.empty()) return;
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

absl::Status CheckHeaders(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (absl::StrContains(name, '\n') || absl::StrContains(value, '\n') ||
        absl::StrContains(name, '\r') || absl::StrContains(value, '\r')) {
      return absl::InvalidArgumentError(
          absl::StrCat("an HTTP header must be one line: ", name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

CurlTransport::CurlTransport(HttpEndpoint endpoint)
    : endpoint_(std::move(endpoint)) {}

absl::StatusOr<HttpResponse> CurlTransport::Send(const HttpRequest& request,
                                                 absl::Time deadline) {
  absl::Status checked = CheckHeaders(request);
  if (!checked.ok()) return checked;
  CurlHandle handle = TakeHandle();
  CURL* const curl = handle.get();
  std::array<char, CURL_ERROR_SIZE> error_text{};
  absl::Status prepared = PrepareCurlHandle(curl, endpoint_, request.url,
                                            deadline, error_text.data());
  if (!prepared.ok()) return prepared;
  const CurlList headers = HeaderList(request);
  Incoming incoming;
  incoming.curl = curl;
  incoming.request = &request;
  SetMethod(curl, request);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &incoming);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &incoming);

  const CURLcode code = curl_easy_perform(curl);
  if (!incoming.error.ok()) return incoming.error;
  if (code != CURLE_OK) {
    return CurlError(curl, code, endpoint_, error_text.data());
  }
  incoming.response.status = static_cast<int>(StatusOf(curl));
  GiveBack(std::move(handle));
  return std::move(incoming.response);
}

absl::StatusOr<HttpTransport::UpgradeResult> CurlTransport::Upgrade(
    const HttpRequest& request, absl::Time deadline) {
  absl::Status checked = CheckHeaders(request);
  if (!checked.ok()) return checked;
  return UpgradeWithCurl(endpoint_, request, deadline);
}

CurlHandle CurlTransport::TakeHandle() {
  {
    absl::MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      CurlHandle handle = std::move(idle_.back());
      idle_.pop_back();
      return handle;
    }
  }
  return MakeCurlHandle();
}

void CurlTransport::GiveBack(CurlHandle handle) {
  // Forgets every setting, keeps the connection.
  curl_easy_reset(handle.get());
  absl::MutexLock lock(&mutex_);
  if (idle_.size() < kMaxIdleHandles) idle_.push_back(std::move(handle));
}

}  // namespace airlock
