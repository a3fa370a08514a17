#include "common/json/json_writer.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "common/config/utf8.h"

namespace airlock {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";

// The length of what needs no escape at the beginning of `text`.
std::size_t PlainLength(absl::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && text[length] != '"' && text[length] != '\\' &&
         static_cast<unsigned char>(text[length]) >= 0x20) {
    ++length;
  }
  return length;
}

void AppendEscaped(char character, std::string& json) {
  switch (character) {
    case '"':
      json.append("\\\"");
      return;
    case '\\':
      json.append("\\\\");
      return;
    case '\b':
      json.append("\\b");
      return;
    case '\f':
      json.append("\\f");
      return;
    case '\n':
      json.append("\\n");
      return;
    case '\r':
      json.append("\\r");
      return;
    case '\t':
      json.append("\\t");
      return;
    default:
      absl::StrAppend(
          &json, "\\u",
          absl::Hex(static_cast<unsigned char>(character), absl::kZeroPad4));
  }
}

void AppendValid(absl::string_view text, std::string& json) {
  while (!text.empty()) {
    const std::size_t plain = PlainLength(text);
    json.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    AppendEscaped(text.front(), json);
    text.remove_prefix(1);
  }
}

}  // namespace

void AppendJsonText(absl::string_view text, std::string& json) {
  json.push_back('"');
  std::size_t bad = FindInvalidUtf8(text);
  while (bad != absl::string_view::npos) {
    AppendValid(text.substr(0, bad), json);
    json.append(kReplacement.data(), kReplacement.size());
    text.remove_prefix(bad + 1);
    bad = FindInvalidUtf8(text);
  }
  AppendValid(text, json);
  json.push_back('"');
}

void JsonWriter::Separate() {
  if (needs_comma_) json_.push_back(',');
  needs_comma_ = true;
}

void JsonWriter::Begin(char bracket) {
  Separate();
  json_.push_back(bracket);
  needs_comma_ = false;
}

void JsonWriter::End(char bracket) {
  json_.push_back(bracket);
  needs_comma_ = true;
}

void JsonWriter::Key(absl::string_view key) {
  Separate();
  AppendJsonText(key, json_);
  json_.push_back(':');
  needs_comma_ = false;
}

void JsonWriter::Text(absl::string_view text) {
  Separate();
  AppendJsonText(text, json_);
}

void JsonWriter::Integer(std::int64_t value) {
  Separate();
  absl::StrAppend(&json_, value);
}

void JsonWriter::Unsigned(std::uint64_t value) {
  Separate();
  absl::StrAppend(&json_, value);
}

void JsonWriter::Bool(bool value) { Raw(value ? "true" : "false"); }

void JsonWriter::Null() { Raw("null"); }

void JsonWriter::Raw(absl::string_view json) {
  Separate();
  json_.append(json.data(), json.size());
}

}  // namespace airlock
