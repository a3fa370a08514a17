#include "common/config/json_reader.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/config/json_shape.h"
#include "common/config/key_path.h"
#include "common/config/values.h"

namespace airlock {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::vector<absl::string_view> KeysOf(const Descriptor& descriptor) {
  std::vector<absl::string_view> keys;
  keys.reserve(static_cast<std::size_t>(descriptor.field_count()));
  for (int i = 0; i < descriptor.field_count(); ++i) {
    keys.emplace_back(descriptor.field(i)->json_name());
  }
  return keys;
}

const FieldDescriptor* FindKey(const Descriptor& descriptor,
                               absl::string_view key) {
  for (int i = 0; i < descriptor.field_count(); ++i) {
    if (descriptor.field(i)->json_name() == key) return descriptor.field(i);
  }
  return nullptr;
}

std::string UnknownKeyMessage(const Descriptor& descriptor,
                              absl::string_view key) {
  const std::vector<absl::string_view> keys = KeysOf(descriptor);
  const std::string nearest = NearestWord(key, keys);
  if (!nearest.empty()) {
    return absl::StrCat("is an unknown key; did you mean \"", nearest, "\"?");
  }
  return absl::StrCat("is an unknown key; what would do: ", JoinWords(keys));
}

std::string DescribeScalar(const JsonScalar& scalar) {
  switch (scalar.type) {
    case JsonScalar::Type::kNull:
      return "null; leave the key out for its default";
    case JsonScalar::Type::kBool:
      return scalar.boolean ? "true" : "false";
    case JsonScalar::Type::kInteger:
      return absl::StrCat("the number ", scalar.integer);
    case JsonScalar::Type::kNumber:
      return absl::StrCat("the number ", scalar.number.substr(0, 40));
    case JsonScalar::Type::kText:
      return absl::StrCat("the string ", QuoteForMessage(scalar.text));
  }
  return "something else";
}

absl::string_view DescribeScalarType(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_BOOL:
      return "true or false";
    case FieldDescriptor::TYPE_INT64:
      return "a whole number within 64 bits";
    case FieldDescriptor::TYPE_STRING:
      return "a string";
    default:
      AbortOnFieldType(field);
  }
}

}  // namespace

JsonReader::JsonReader(Message& message, ProblemList& problems)
    : root_(message), problems_(problems) {}

std::optional<JsonReader::Slot> JsonReader::TakeSlot() {
  if (frames_.empty()) return Slot{&root_, nullptr, false, "", ""};
  Frame& frame = frames_.back();
  if (frame.kind == Frame::Kind::kList) {
    return Slot{frame.message, frame.field, true,
                AppendIndex(frame.path, frame.next_index++), ""};
  }
  return std::exchange(frame.slot, std::nullopt);
}

JsonReader::Shape JsonReader::ShapeOf(const Slot& slot) {
  if (slot.field == nullptr) return Shape::kObject;
  const Field* field = slot.field;
  if (!slot.map_key.empty()) field = field->message_type()->map_value();
  if (slot.map_key.empty() && !slot.element && field->is_repeated()) {
    return field->is_map() ? Shape::kMap : Shape::kList;
  }
  if (field->cpp_type() != Field::CPPTYPE_MESSAGE) return Shape::kScalar;
  const Descriptor& type = *field->message_type();
  if (!IsWrapper(type)) return Shape::kObject;
  return type.field(0)->is_map() ? Shape::kMap : Shape::kList;
}

Message* JsonReader::MakeMessage(const Slot& slot) {
  if (slot.field == nullptr) return slot.message;
  const google::protobuf::Reflection* reflection =
      slot.message->GetReflection();
  if (!slot.map_key.empty()) {
    Message* entry = reflection->AddMessage(slot.message, slot.field);
    entry->GetReflection()->SetString(entry, entry->GetDescriptor()->map_key(),
                                      slot.map_key);
    return entry->GetReflection()->MutableMessage(
        entry, entry->GetDescriptor()->map_value());
  }
  if (slot.element) return reflection->AddMessage(slot.message, slot.field);
  return reflection->MutableMessage(slot.message, slot.field);
}

void JsonReader::OpenContainer(Frame::Kind kind, const Slot& slot) {
  Message* message = slot.message;
  const Field* field = slot.field;
  const bool direct =
      slot.map_key.empty() && !slot.element && field->is_repeated();
  if (!direct) {
    message = MakeMessage(slot);
    field = message->GetDescriptor()->field(0);
  }
  frames_.push_back({kind, message, field, slot.path, {}, 0, std::nullopt});
}

void JsonReader::OnObjectStart() {
  if (skipped_depth_ > 0) {
    ++skipped_depth_;
    return;
  }
  const std::optional<Slot> slot = TakeSlot();
  if (slot.has_value() && ShapeOf(*slot) == Shape::kMap) {
    OpenContainer(Frame::Kind::kMap, *slot);
    return;
  }
  if (slot.has_value() && ShapeOf(*slot) == Shape::kObject) {
    frames_.push_back({Frame::Kind::kMessage,
                       MakeMessage(*slot),
                       nullptr,
                       slot->path,
                       {},
                       0,
                       std::nullopt});
    return;
  }
  if (slot.has_value()) AddTypeError(*slot, "an object");
  skipped_depth_ = 1;
}

void JsonReader::OnArrayStart() {
  if (skipped_depth_ > 0) {
    ++skipped_depth_;
    return;
  }
  const std::optional<Slot> slot = TakeSlot();
  if (slot.has_value() && ShapeOf(*slot) == Shape::kList) {
    OpenContainer(Frame::Kind::kList, *slot);
    return;
  }
  if (slot.has_value()) AddTypeError(*slot, "an array");
  skipped_depth_ = 1;
}

void JsonReader::OnObjectEnd() { Close(); }

void JsonReader::OnArrayEnd() { Close(); }

void JsonReader::Close() {
  if (skipped_depth_ > 0) {
    --skipped_depth_;
    return;
  }
  frames_.pop_back();
}

void JsonReader::OnKey(const std::string& key) {
  if (skipped_depth_ > 0) return;
  Frame& frame = frames_.back();
  const std::string path = AppendKey(frame.path, key);
  frame.slot.reset();
  if (!frame.seen_keys.insert(key).second) {
    problems_.AddError(path, "is given twice; leave one");
    return;
  }
  if (frame.kind == Frame::Kind::kMessage) {
    frame.slot = FindField(frame, key, path);
  } else if (key.empty()) {
    problems_.AddError(path, "must not be an empty key");
  } else {
    frame.slot = Slot{frame.message, frame.field, false, path, key};
  }
}

std::optional<JsonReader::Slot> JsonReader::FindField(const Frame& frame,
                                                      const std::string& key,
                                                      const std::string& path) {
  const Descriptor& descriptor = *frame.message->GetDescriptor();
  const Field* field = FindKey(descriptor, key);
  if (field == nullptr) {
    problems_.AddError(path, UnknownKeyMessage(descriptor, key));
    return std::nullopt;
  }
  return Slot{frame.message, field, false, path, ""};
}

void JsonReader::OnScalar(const JsonScalar& scalar) {
  if (skipped_depth_ > 0) return;
  const std::optional<Slot> slot = TakeSlot();
  if (!slot.has_value()) return;
  if (ShapeOf(*slot) != Shape::kScalar) {
    AddTypeError(*slot, DescribeScalar(scalar));
    return;
  }
  SetScalar(*slot, scalar);
}

void JsonReader::SetScalar(const Slot& slot, const JsonScalar& scalar) {
  Message* message = slot.message;
  const Field* field = slot.field;
  const bool in_map = !slot.map_key.empty();
  const Field& value = in_map ? *field->message_type()->map_value() : *field;
  const google::protobuf::Reflection* reflection = message->GetReflection();
  if (scalar.type == JsonScalar::Type::kText &&
      absl::StrContains(scalar.text, '\0')) {
    problems_.AddError(slot.path, "must not have NUL characters");
    return;
  }
  if (value.type() == Field::TYPE_STRING &&
      scalar.type == JsonScalar::Type::kText) {
    if (in_map) {
      Message* entry = reflection->AddMessage(message, field);
      const Descriptor& type = *entry->GetDescriptor();
      entry->GetReflection()->SetString(entry, type.map_key(), slot.map_key);
      entry->GetReflection()->SetString(entry, type.map_value(), scalar.text);
    } else if (slot.element) {
      reflection->AddString(message, field, scalar.text);
    } else {
      reflection->SetString(message, field, scalar.text);
    }
  } else if (value.type() == Field::TYPE_INT64 && !value.is_repeated() &&
             scalar.type == JsonScalar::Type::kInteger) {
    reflection->SetInt64(message, field, scalar.integer);
  } else if (value.type() == Field::TYPE_BOOL && !value.is_repeated() &&
             scalar.type == JsonScalar::Type::kBool) {
    reflection->SetBool(message, field, scalar.boolean);
  } else {
    AddTypeError(slot, DescribeScalar(scalar));
  }
}

void JsonReader::OnSyntaxError(absl::string_view message) {
  // The key is where the reader was, which is near enough to find it.
  problems_.AddError(frames_.empty() ? "" : frames_.back().path, message);
  problems_.MarkIncomplete();
}

void JsonReader::AddTypeError(const Slot& slot, absl::string_view came) {
  absl::string_view wanted = "an object";
  const Shape shape = ShapeOf(slot);
  if (shape == Shape::kList) {
    wanted = "an array";
  } else if (shape == Shape::kScalar && slot.field != nullptr) {
    wanted = DescribeScalarType(slot.map_key.empty()
                                    ? *slot.field
                                    : *slot.field->message_type()->map_value());
  }
  problems_.AddError(slot.path,
                     absl::StrCat("must be ", wanted, ": got ", came));
}

}  // namespace airlock
