// The bridge to the JSON library: a text becomes a sequence of events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace airlock {

// Arrays and objects inside one another. The documented keys need eight.
inline constexpr int kMaxJsonDepth = 32;

// A value that is neither object nor array.
struct JsonScalar {
  enum class Type { kNull, kBool, kInteger, kNumber, kText };

  Type type = Type::kNull;
  bool boolean = false;
  // With kInteger.
  std::int64_t integer = 0;
  // With kNumber: as it stands in the file. Everything that is not a whole
  // number within int64.
  std::string number;
  // With kText: UTF-8.
  std::string text;
};

// Hears what stands in a JSON text, in order.
class JsonEvents {
 public:
  virtual ~JsonEvents() = default;

  virtual void OnObjectStart() = 0;
  virtual void OnKey(const std::string& key) = 0;
  virtual void OnObjectEnd() = 0;
  virtual void OnArrayStart() = 0;
  virtual void OnArrayEnd() = 0;
  virtual void OnScalar(const JsonScalar& scalar) = 0;
  // The text is not JSON from here on. The last event. `message` says where
  // and what was wrong.
  virtual void OnSyntaxError(absl::string_view message) = 0;
};

// Tells `events` what stands in `text`. Uses no recursion; nesting deeper than
// kMaxJsonDepth, text that is not UTF-8 and anything after the value are
// syntax errors. Duplicate keys are told twice.
void LexJson(absl::string_view text, JsonEvents& events);

}  // namespace airlock
