#include "common/json/canonical_json.h"

namespace airlock {

void CanonicalJsonEvents::OnScalar(const JsonScalar& scalar) {
  switch (scalar.type) {
    case JsonScalar::Type::kNull:
      writer_.Null();
      break;
    case JsonScalar::Type::kBool:
      writer_.Bool(scalar.boolean);
      break;
    case JsonScalar::Type::kInteger:
      writer_.Integer(scalar.integer);
      break;
    case JsonScalar::Type::kNumber:
      writer_.Raw(scalar.number);
      break;
    case JsonScalar::Type::kText:
      writer_.Text(scalar.text);
      break;
  }
}

void CanonicalJsonEvents::OnSyntaxError(absl::string_view message) {
  error_ = std::string(message);
}

std::optional<std::string> CanonicalJson(absl::string_view json) {
  CanonicalJsonEvents events;
  LexJson(json, events);
  if (!events.error().empty()) return std::nullopt;
  return std::move(events).Take();
}

}  // namespace airlock
