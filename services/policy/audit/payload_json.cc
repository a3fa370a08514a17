#include "services/policy/audit/payload_json.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/utf8.h"
#include "common/json/enum_word.h"
#include "common/security/digest.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// A length and a digest take about as much room.
constexpr std::size_t kShortBytes = 100;

bool FitsIn(const JsonWriter& json, absl::string_view value) {
  return value.size() <= kShortBytes ||
         (value.size() <= kMaxPayloadValueBytes &&
          json.json().size() <= kPayloadBudgetBytes);
}

void WriteDigest(absl::string_view value, JsonWriter& json) {
  json.BeginObject();
  json.Unsigned("bytes", value.size());
  json.Text("sha256", ToHex(Sha256(value)));
  json.EndObject();
}

void WriteText(absl::string_view text, JsonWriter& json) {
  if (FitsIn(json, text)) {
    json.Text(text);
  } else {
    WriteDigest(text, json);
  }
}

bool IsPrintable(absl::string_view bytes) {
  const bool has_controls =
      std::any_of(bytes.begin(), bytes.end(), [](unsigned char byte) {
        return byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t';
      });
  return !has_controls && IsValidUtf8(bytes);
}

void WriteBytes(absl::string_view bytes, JsonWriter& json) {
  if (!FitsIn(json, bytes)) {
    WriteDigest(bytes, json);
    return;
  }
  json.BeginObject();
  if (IsPrintable(bytes)) {
    json.Text("text", bytes);
  } else {
    json.Text("base64", absl::Base64Escape(bytes));
  }
  json.EndObject();
}

void WriteMessage(const Message& message, JsonWriter& json) {
  const auto* duration =
      google::protobuf::DynamicCastToGenerated<google::protobuf::Duration>(
          &message);
  if (duration != nullptr) {
    json.Text(absl::FormatDuration(FromProto(*duration)));
    return;
  }
  WritePayloadMessage(message, json);
}

// One value of a field; `index` is -1 where it is not repeated.
void WriteValue(const Message& message, const FieldDescriptor& field, int index,
                JsonWriter& json) {
  const Reflection& values = *message.GetReflection();
  const auto get = [&](auto single, auto repeated) {
    return index < 0 ? (values.*single)(message, &field)
                     : (values.*repeated)(message, &field, index);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      json.Bool(get(&Reflection::GetBool, &Reflection::GetRepeatedBool));
      break;
    case FieldDescriptor::CPPTYPE_INT32:
      json.Integer(get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      json.Integer(get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      json.Unsigned(
          get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      json.Unsigned(
          get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64));
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      json.Text(EnumWord(
          *field.enum_type(),
          get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue)));
      break;
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string value =
          get(&Reflection::GetString, &Reflection::GetRepeatedString);
      if (field.type() == FieldDescriptor::TYPE_BYTES) {
        WriteBytes(value, json);
      } else {
        WriteText(value, json);
      }
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      WriteMessage(index < 0
                       ? values.GetMessage(message, &field)
                       : values.GetRepeatedMessage(message, &field, index),
                   json);
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      // Has more than one spelling: no message for a payload has it.
      std::abort();
  }
}

// A map with texts as keys, in the order of the keys: a map has none, and the
// same message must give the same payload.
void WriteMap(const Message& message, const FieldDescriptor& field,
              JsonWriter& json) {
  const Reflection& values = *message.GetReflection();
  std::map<std::string, const Message*> entries;
  for (int i = 0; i < values.FieldSize(message, &field); ++i) {
    const Message& entry = values.GetRepeatedMessage(message, &field, i);
    entries[entry.GetReflection()->GetString(
        entry, field.message_type()->map_key())] = &entry;
  }
  json.BeginObject();
  for (const auto& [key, entry] : entries) {
    json.Key(key);
    WriteValue(*entry, *field.message_type()->map_value(), -1, json);
  }
  json.EndObject();
}

void WriteField(const Message& message, const FieldDescriptor& field,
                JsonWriter& json) {
  json.Key(field.json_name());
  if (field.is_map()) {
    WriteMap(message, field, json);
  } else if (field.is_repeated()) {
    json.BeginArray();
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field);
         ++i) {
      WriteValue(message, field, i, json);
    }
    json.EndArray();
  } else {
    WriteValue(message, field, -1, json);
  }
}

}  // namespace

void WritePayloadMessage(const Message& message, JsonWriter& json) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  json.BeginObject();
  for (const FieldDescriptor* field : fields) {
    WriteField(message, *field, json);
  }
  json.EndObject();
}

}  // namespace airlock::policy
