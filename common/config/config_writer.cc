#include "common/config/config_writer.h"

#include <map>
#include <utility>
#include <vector>

#include "common/config/json_shape.h"
#include "google/protobuf/descriptor.h"
#include "nlohmann/json.hpp"

namespace airlock {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::ordered_json;

constexpr int kIndent = 2;

Json MessageToJson(const Message& message);

// A field that is not repeated.
Json SingleToJson(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.type()) {
    case FieldDescriptor::TYPE_BOOL:
      return reflection.GetBool(message, &field);
    case FieldDescriptor::TYPE_INT64:
      return reflection.GetInt64(message, &field);
    case FieldDescriptor::TYPE_STRING:
      return reflection.GetString(message, &field);
    case FieldDescriptor::TYPE_MESSAGE:
      return MessageToJson(reflection.GetMessage(message, &field));
    default:
      AbortOnFieldType(field);
  }
}

Json ListToJson(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  Json list = Json::array();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (field.type() == FieldDescriptor::TYPE_STRING) {
      list.push_back(reflection.GetRepeatedString(message, &field, i));
    } else if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
      list.push_back(
          MessageToJson(reflection.GetRepeatedMessage(message, &field, i)));
    } else {
      AbortOnFieldType(field);
    }
  }
  return list;
}

Json MapToJson(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  // Maps have no order of their own.
  std::map<std::string, Json> sorted;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    sorted[entry.GetReflection()->GetString(entry,
                                            field.message_type()->map_key())] =
        SingleToJson(entry, *field.message_type()->map_value());
  }
  Json object = Json::object();
  for (auto& [key, value] : sorted) object[key] = std::move(value);
  return object;
}

Json FieldToJson(const Message& message, const FieldDescriptor& field) {
  if (field.is_map()) return MapToJson(message, field);
  return field.is_repeated() ? ListToJson(message, field)
                             : SingleToJson(message, field);
}

Json MessageToJson(const Message& message) {
  const auto& descriptor = *message.GetDescriptor();
  if (IsWrapper(descriptor)) return FieldToJson(message, *descriptor.field(0));
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  Json object = Json::object();
  for (const FieldDescriptor* field : fields) {
    object[field->json_name()] = FieldToJson(message, *field);
  }
  return object;
}

}  // namespace

std::string WriteConfigJson(const Message& message) {
  // What came from a file is UTF-8; what did not is no reason to throw.
  return MessageToJson(message).dump(kIndent, ' ', /*ensure_ascii=*/false,
                                     Json::error_handler_t::replace);
}

}  // namespace airlock
