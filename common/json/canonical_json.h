// The canonical spelling of a JSON text.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "common/config/json_lexer.h"
#include "common/json/json_writer.h"

namespace airlock {

// Writes the events of one value as JsonWriter spells them. Numbers stay as
// they stand in the text, members in their order, duplicates too.
class CanonicalJsonEvents final : public JsonEvents {
 public:
  void OnObjectStart() override { writer_.BeginObject(); }
  void OnKey(const std::string& key) override { writer_.Key(key); }
  void OnObjectEnd() override { writer_.EndObject(); }
  void OnArrayStart() override { writer_.BeginArray(); }
  void OnArrayEnd() override { writer_.EndArray(); }
  void OnScalar(const JsonScalar& scalar) override;
  void OnSyntaxError(absl::string_view message) override;

  // Empty: the text was JSON.
  const std::string& error() const { return error_; }
  std::string Take() && { return std::move(writer_).Take(); }

 private:
  JsonWriter writer_;
  std::string error_;
};

// The canonical spelling; nothing if `json` is not JSON. Two texts with the
// same one mean the same.
std::optional<std::string> CanonicalJson(absl::string_view json);

}  // namespace airlock
