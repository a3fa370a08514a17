#include "services/gateway/web/sign_in_request.h"

#include "common/status/error.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace airlock::gateway {

absl::StatusOr<std::string> ReadSignInRequest(absl::string_view json) {
  google::protobuf::Struct object;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &object);
  const auto token = object.fields().find("token");
  if (!status.ok() || object.fields_size() != 1 ||
      token == object.fields().end() || token->second.string_value().empty()) {
    FieldViolations violations;
    violations.Add("token", "must be there, alone, as {\"token\": \"...\"}");
    return violations.ToStatus();
  }
  return token->second.string_value();
}

}  // namespace airlock::gateway
