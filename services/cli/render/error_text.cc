#include "services/cli/render/error_text.h"

#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "common/text_escape/escape.h"
#include "google/rpc/error_details.pb.h"

namespace airlock::cli {
namespace {

template <typename Detail>
std::optional<Detail> FindDetail(const absl::Status& error) {
  const auto payload = error.GetPayload(
      absl::StrCat("type.googleapis.com/", Detail::descriptor()->full_name()));
  Detail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return detail;
}

// What a code says by itself, for errors that say nothing.
std::string Message(const absl::Status& error) {
  if (!error.message().empty()) return EscapeText(error.message());
  return absl::StatusCodeToString(error.code());
}

std::string Headline(const absl::Status& error) {
  const std::string reason = ErrorReason(error);
  return absl::StrCat("airlock: ", Message(error), reason.empty() ? "" : " [",
                      EscapeText(reason), reason.empty() ? "" : "]", "\n");
}

std::string FieldLines(const absl::Status& error) {
  std::string lines;
  const auto bad_request = FindDetail<google::rpc::BadRequest>(error);
  if (!bad_request.has_value()) return lines;
  // A single one is the message itself.
  if (bad_request->field_violations_size() < 2) return lines;
  for (const auto& violation : bad_request->field_violations()) {
    absl::StrAppend(&lines, "  ", EscapeText(violation.field()), " ",
                    EscapeText(violation.description()), "\n");
  }
  return lines;
}

std::string ConditionLines(const absl::Status& error) {
  std::string lines;
  const auto failure = FindDetail<google::rpc::PreconditionFailure>(error);
  if (failure.has_value()) {
    for (const auto& violation : failure->violations()) {
      absl::StrAppend(&lines, "  ", EscapeText(violation.subject()), ": ",
                      EscapeText(violation.description()), "\n");
    }
  }
  const auto quota = FindDetail<google::rpc::QuotaFailure>(error);
  if (quota.has_value()) {
    for (const auto& violation : quota->violations()) {
      absl::StrAppend(&lines, "  ", EscapeText(violation.subject()), ": ",
                      EscapeText(violation.description()), "\n");
    }
  }
  return lines;
}

std::string RetryLine(const absl::Status& error) {
  const auto retry = FindDetail<google::rpc::RetryInfo>(error);
  if (!retry.has_value()) return "";
  const double seconds = static_cast<double>(retry->retry_delay().seconds()) +
                         retry->retry_delay().nanos() / 1e9;
  return absl::StrCat("  try again in ", seconds, " s\n");
}

}  // namespace

std::string ErrorText(const absl::Status& error) {
  return absl::StrCat(Headline(error), FieldLines(error), ConditionLines(error),
                      RetryLine(error));
}

google::rpc::Status ErrorMessage(const absl::Status& error) {
  google::rpc::Status message;
  message.set_code(static_cast<int>(error.code()));
  message.set_message(std::string(error.message()));
  error.ForEachPayload(
      [&message](absl::string_view type_url, const absl::Cord& payload) {
        google::protobuf::Any* detail = message.add_details();
        detail->set_type_url(std::string(type_url));
        detail->set_value(std::string(payload));
      });
  return message;
}

}  // namespace airlock::cli
