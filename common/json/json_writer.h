// Writes JSON in its one canonical spelling.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace airlock {

// Appends `text` as a JSON string: only what JSON demands is escaped, each
// character in its shortest form; what is not UTF-8 becomes U+FFFD. Not safe
// for a terminal.
void AppendJsonText(absl::string_view text, std::string& json);

// Builds one JSON value from left to right, without blanks and with members in
// the order in which they are told: the same calls give the same bytes. The
// caller sees to it that they make a value. Not thread-safe.
class JsonWriter {
 public:
  void BeginObject() { Begin('{'); }
  void EndObject() { End('}'); }
  void BeginArray() { Begin('['); }
  void EndArray() { End(']'); }

  // The name of the member that comes next.
  void Key(absl::string_view key);

  void Text(absl::string_view text);
  void Integer(std::int64_t value);
  void Unsigned(std::uint64_t value);
  void Bool(bool value);
  void Null();
  // A value that is JSON already; taken as it is.
  void Raw(absl::string_view json);

  // A member that is a text.
  void Text(absl::string_view key, absl::string_view text) {
    Key(key);
    Text(text);
  }
  void Unsigned(absl::string_view key, std::uint64_t value) {
    Key(key);
    Unsigned(value);
  }
  void Bool(absl::string_view key, bool value) {
    Key(key);
    Bool(value);
  }

  const std::string& json() const { return json_; }
  std::string Take() && { return std::move(json_); }

 private:
  // Puts the comma before whatever is not the first of its kind.
  void Separate();
  void Begin(char bracket);
  void End(char bracket);

  std::string json_;
  bool needs_comma_ = false;
};

}  // namespace airlock
