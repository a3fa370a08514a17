#include "common/logging/log.h"

#include <unistd.h>

#include <cerrno>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace airlock {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t code_point = kReplacement;
  std::size_t bytes = 1;
};

bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Decodes the UTF-8 sequence at the start of `text`, which is not empty.
Decoded DecodeUtf8(absl::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  std::size_t length = 0;
  char32_t code_point = 0;
  char32_t smallest = 0;
  if ((first & 0xE0) == 0xC0) {
    length = 2, code_point = first & 0x1F, smallest = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, code_point = first & 0x0F, smallest = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, code_point = first & 0x07, smallest = 0x10000;
  }
  if (length == 0 || text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!IsContinuation(byte)) return {};
    code_point = (code_point << 6) | (byte & 0x3F);
  }
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < smallest || code_point > 0x10FFFF || surrogate) return {};
  return {code_point, length};
}

void AppendEscaped(std::string& out, char32_t code_point) {
  if (code_point < 0x10000) {
    absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(code_point));
    return;
  }
  const char32_t rest = code_point - 0x10000;
  absl::StrAppendFormat(&out, "\\u%04x\\u%04x",
                        static_cast<unsigned>(0xD800 + (rest >> 10)),
                        static_cast<unsigned>(0xDC00 + (rest & 0x3FF)));
}

void Write(absl::string_view severity, absl::string_view message,
           LogFields fields) {
  const std::string line =
      FormatLogLine(absl::Now(), severity, message, fields);
  absl::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string JsonQuote(absl::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Decoded decoded = DecodeUtf8(text);
    text.remove_prefix(decoded.bytes);
    if (decoded.code_point == '"' || decoded.code_point == '\\') {
      out += '\\';
      out += static_cast<char>(decoded.code_point);
    } else if (decoded.code_point == '\n') {
      out += "\\n";
    } else if (decoded.code_point >= 0x20 && decoded.code_point < 0x7F) {
      out += static_cast<char>(decoded.code_point);
    } else {
      AppendEscaped(out, decoded.code_point);
    }
  }
  out += '"';
  return out;
}

LogField::LogField(absl::string_view key, double value)
    : key_(key),
      // JSON has no infinity and no NaN.
      json_(std::isfinite(value) ? absl::StrCat(value) : "null") {}

LogField::LogField(absl::string_view key, const absl::Status& value)
    : LogField(key, value.ok()
                        ? std::string("OK")
                        : absl::StrCat(absl::StatusCodeToString(value.code()),
                                       ": ", value.message())) {}

void LogInfo(absl::string_view message, LogFields fields) {
  Write("info", message, fields);
}

void LogWarning(absl::string_view message, LogFields fields) {
  Write("warning", message, fields);
}

void LogError(absl::string_view message, LogFields fields) {
  Write("error", message, fields);
}

std::string FormatLogLine(absl::Time time, absl::string_view severity,
                          absl::string_view message, LogFields fields) {
  std::string line = absl::StrCat(
      R"({"time":")",
      absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone()),
      R"(","severity":")", severity, R"(","msg":)", JsonQuote(message));
  for (const LogField& field : fields) {
    absl::StrAppend(&line, ",", JsonQuote(field.key()), ":", field.json());
  }
  line += "}\n";
  return line;
}

}  // namespace airlock
