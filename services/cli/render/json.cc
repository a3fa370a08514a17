#include "services/cli/render/json.h"

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "common/text_escape/escape.h"

namespace airlock::cli {

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message,
                                   JsonLayout layout) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = layout == JsonLayout::kIndented;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    return absl::InternalError(
        absl::StrCat(message.GetDescriptor()->full_name(),
                     " cannot be shown as JSON: ", status.ToString()));
  }
  while (!json.empty() && json.back() == '\n') json.pop_back();
  return EscapeJson(json);
}

}  // namespace airlock::cli
