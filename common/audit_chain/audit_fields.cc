#include "common/audit_chain/audit_fields.h"

#include <cstdlib>

#include "absl/time/time.h"
#include "common/json/enum_word.h"
#include "common/json/json_writer.h"
#include "common/security/digest.h"
#include "common/time/proto_time.h"

namespace airlock {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Timestamp;

std::string TimeText(const Message& message) {
  const auto* time =
      google::protobuf::DynamicCastToGenerated<Timestamp>(&message);
  if (time == nullptr) std::abort();
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", FromProto(*time),
                          absl::UTCTimeZone());
}

void WriteValue(const Message& message, const FieldDescriptor& field,
                JsonWriter& json) {
  const auto& values = *message.GetReflection();
  switch (field.type()) {
    case FieldDescriptor::TYPE_UINT64:
      json.Unsigned(values.GetUInt64(message, &field));
      return;
    case FieldDescriptor::TYPE_STRING:
      json.Text(values.GetString(message, &field));
      return;
    case FieldDescriptor::TYPE_BYTES:
      json.Text(HexEncode(values.GetString(message, &field)));
      return;
    case FieldDescriptor::TYPE_ENUM:
      json.Text(
          EnumWord(*field.enum_type(), values.GetEnumValue(message, &field)));
      return;
    case FieldDescriptor::TYPE_MESSAGE:
      json.Text(TimeText(values.GetMessage(message, &field)));
      return;
    default:
      std::abort();
  }
}

}  // namespace

std::vector<AuditField> AuditFields(const Message& message) {
  std::vector<const FieldDescriptor*> set_fields;
  message.GetReflection()->ListFields(message, &set_fields);
  std::vector<AuditField> fields;
  fields.reserve(set_fields.size());
  for (const FieldDescriptor* field : set_fields) {
    JsonWriter json;
    WriteValue(message, *field, json);
    fields.emplace_back(field->json_name(), std::move(json).Take());
  }
  return fields;
}

}  // namespace airlock
