#include "common/config/json_lexer.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/config/utf8.h"

namespace airlock {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxMessageBytes = 300;

// Takes the library's calls. Returning false ends the parse.
class SaxBridge final : public nlohmann::json_sax<Json> {
 public:
  explicit SaxBridge(JsonEvents& events) : events_(events) {}

  bool null() override { return Scalar({}); }
  bool boolean(bool value) override {
    JsonScalar scalar;
    scalar.type = JsonScalar::Type::kBool;
    scalar.boolean = value;
    return Scalar(scalar);
  }
  bool number_integer(number_integer_t value) override {
    JsonScalar scalar;
    scalar.type = JsonScalar::Type::kInteger;
    scalar.integer = value;
    return Scalar(scalar);
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > std::numeric_limits<std::int64_t>::max()) {
      return Number(absl::StrCat(value));
    }
    return number_integer(static_cast<number_integer_t>(value));
  }
  bool number_float(number_float_t /*value*/, const string_t& token) override {
    return Number(token);
  }
  bool string(string_t& value) override {
    JsonScalar scalar;
    scalar.type = JsonScalar::Type::kText;
    scalar.text = std::move(value);
    return Scalar(scalar);
  }
  // Never called for JSON text.
  bool binary(binary_t& /*value*/) override { return false; }

  bool start_object(std::size_t /*elements*/) override {
    if (!Descend()) return false;
    events_.OnObjectStart();
    return true;
  }
  bool key(string_t& value) override {
    events_.OnKey(value);
    return true;
  }
  bool end_object() override {
    --depth_;
    events_.OnObjectEnd();
    return true;
  }
  bool start_array(std::size_t /*elements*/) override {
    if (!Descend()) return false;
    events_.OnArrayStart();
    return true;
  }
  bool end_array() override {
    --depth_;
    events_.OnArrayEnd();
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, ...: ..."
    absl::string_view message = error.what();
    const std::size_t prefix = message.find("] ");
    if (prefix != absl::string_view::npos) message.remove_prefix(prefix + 2);
    events_.OnSyntaxError(
        absl::StrCat("is not JSON: ", message.substr(0, kMaxMessageBytes)));
    return false;
  }

 private:
  bool Descend() {
    if (++depth_ <= kMaxJsonDepth) return true;
    events_.OnSyntaxError(absl::StrCat(
        "must not nest objects and arrays deeper than ", kMaxJsonDepth));
    return false;
  }
  bool Scalar(const JsonScalar& scalar) {
    events_.OnScalar(scalar);
    return true;
  }
  bool Number(std::string token) {
    JsonScalar scalar;
    scalar.type = JsonScalar::Type::kNumber;
    scalar.number = std::move(token);
    return Scalar(scalar);
  }

  JsonEvents& events_;
  int depth_ = 0;
};

}  // namespace

void LexJson(absl::string_view text, JsonEvents& events) {
  // The library takes a NUL byte as the end of the text and would not look at
  // what follows.
  const std::size_t nul = text.find('\0');
  if (nul != absl::string_view::npos) {
    events.OnSyntaxError(
        absl::StrCat("must not have NUL bytes: got one at byte ", nul));
    return;
  }
  const std::size_t bad = FindInvalidUtf8(text);
  if (bad != absl::string_view::npos) {
    events.OnSyntaxError(
        absl::StrCat("must be UTF-8: it is not from byte ", bad, " on"));
    return;
  }
  SaxBridge bridge(events);
  Json::sax_parse(text.data(), text.data() + text.size(), &bridge);
}

}  // namespace airlock
