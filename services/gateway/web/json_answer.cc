#include "services/gateway/web/json_answer.h"

#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "common/json/json_writer.h"
#include "google/rpc/error_details.pb.h"

namespace airlock::gateway {
namespace {

constexpr std::int64_t kMillisPerSecond = 1'000;
constexpr int kNanosPerMilli = 1'000'000;

// What the details of an error say.
struct Details {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;
};

template <typename Message>
void Read(absl::string_view type, const absl::Cord& payload, Message& message) {
  const std::string own = absl::StrCat("type.googleapis.com/",
                                       message.GetDescriptor()->full_name());
  // What cannot be read says nothing.
  if (type == own && !message.ParseFromString(std::string(payload))) {
    message.Clear();
  }
}

Details DetailsOf(const absl::Status& error) {
  Details details;
  error.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    Read(type, payload, details.info);
    Read(type, payload, details.bad_request);
    Read(type, payload, details.retry);
  });
  return details;
}

void WriteMetadata(const google::rpc::ErrorInfo& info, JsonWriter& json) {
  if (info.metadata().empty()) return;
  // In an order that does not change.
  const std::map<std::string, std::string> sorted(info.metadata().begin(),
                                                  info.metadata().end());
  json.Key("metadata");
  json.BeginObject();
  for (const auto& [key, value] : sorted) json.Text(key, value);
  json.EndObject();
}

void WriteViolations(const google::rpc::BadRequest& bad, JsonWriter& json) {
  if (bad.field_violations().empty()) return;
  json.Key("violations");
  json.BeginArray();
  for (const auto& violation : bad.field_violations()) {
    json.BeginObject();
    json.Text("field", violation.field());
    json.Text("description", violation.description());
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

std::string ErrorJson(const absl::Status& error) {
  const Details details = DetailsOf(error);
  JsonWriter json;
  json.BeginObject();
  json.Text("code", absl::StatusCodeToString(error.code()));
  json.Text("message", error.message());
  json.Text("reason", details.info.reason());
  WriteMetadata(details.info, json);
  WriteViolations(details.bad_request, json);
  if (details.retry.has_retry_delay()) {
    const auto& delay = details.retry.retry_delay();
    json.Key("retryAfterMs");
    json.Integer(delay.seconds() * kMillisPerSecond +
                 delay.nanos() / kNanosPerMilli);
  }
  json.EndObject();
  return std::move(json).Take();
}

HttpResponse JsonResponse(int status, std::string json) {
  return {status,
          {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          std::move(json)};
}

HttpResponse ErrorResponse(const absl::Status& error) {
  return JsonResponse(HttpStatusOf(error.code()), ErrorJson(error));
}

}  // namespace airlock::gateway
