// The log: one JSON object per line on standard error.
//
//   LogInfo("sandbox created", {{"sandbox_id", id}, {"attempt", 2}});
//
// The message is a fixed text; what varies goes into fields. Never log a
// secret, a command's output or its environment.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace airlock {

// Quotes text as a JSON string in printable ASCII: control characters,
// everything that is invisible or changes the direction of text and everything
// else outside ASCII becomes \uXXXX; what is not UTF-8 becomes \ufffd.
std::string JsonQuote(absl::string_view text);

// A named value of a log line. `key` must outlive the call only.
class LogField {
 public:
  LogField(absl::string_view key, absl::string_view value)
      : key_(key), json_(JsonQuote(value)) {}
  LogField(absl::string_view key, const std::string& value)
      : LogField(key, absl::string_view(value)) {}
  LogField(absl::string_view key, const char* value)
      : LogField(key, absl::string_view(value)) {}
  LogField(absl::string_view key, bool value)
      : key_(key), json_(value ? "true" : "false") {}
  LogField(absl::string_view key, std::integral auto value)
      : key_(key), json_(std::to_string(value)) {}
  LogField(absl::string_view key, double value);
  // Code and message, without payloads.
  LogField(absl::string_view key, const absl::Status& value);
  // In seconds.
  LogField(absl::string_view key, absl::Duration value)
      : LogField(key, absl::ToDoubleSeconds(value)) {}

  absl::string_view key() const { return key_; }
  // The value as JSON.
  const std::string& json() const { return json_; }

 private:
  absl::string_view key_;
  std::string json_;
};

using LogFields = std::initializer_list<LogField>;

// Writes a line. Thread-safe: lines never mix. A line that cannot be written
// is lost.
void LogInfo(absl::string_view message, LogFields fields = {});
// Something is wrong that Airlock copes with.
void LogWarning(absl::string_view message, LogFields fields = {});
// Something is wrong that someone must look at.
void LogError(absl::string_view message, LogFields fields = {});

// The line as it is written, with its newline. `severity` is "info", "warning"
// or "error".
std::string FormatLogLine(absl::Time time, absl::string_view severity,
                          absl::string_view message, LogFields fields);

}  // namespace airlock
