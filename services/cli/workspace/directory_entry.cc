#include "services/cli/workspace/directory_entry.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/config/utf8.h"
#include "common/text_escape/escape.h"
#include "nlohmann/json.hpp"

namespace airlock::cli {
namespace {

using nlohmann::json;
using Type = DirectoryEntry::Type;

constexpr std::uint32_t kMaxMode = 07777;

std::optional<Type> TypeFromWord(absl::string_view word) {
  if (word == "file") return Type::kFile;
  if (word == "directory") return Type::kDirectory;
  if (word == "symlink") return Type::kSymlink;
  if (word == "other") return Type::kOther;
  return std::nullopt;
}

absl::string_view TypeWord(Type type) {
  switch (type) {
    case Type::kFile:
      return "file";
    case Type::kDirectory:
      return "directory";
    case Type::kSymlink:
      return "symlink";
    case Type::kOther:
      break;
  }
  return "other";
}

char TypeLetter(Type type) {
  switch (type) {
    case Type::kFile:
      return '-';
    case Type::kDirectory:
      return 'd';
    case Type::kSymlink:
      return 'l';
    case Type::kOther:
      break;
  }
  return '?';
}

std::string TextAt(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : "";
}

std::uint64_t NumberAt(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned()
             ? found->get<std::uint64_t>()
             : 0;
}

// A file may be older than 1970.
std::int64_t SignedAt(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer()
             ? found->get<std::int64_t>()
             : 0;
}

// Nothing if it could lead out of a directory.
std::optional<std::string> NameOf(const json& object) {
  std::string name = TextAt(object, "name");
  const std::string encoded = TextAt(object, "nameBase64");
  if (!encoded.empty() && !absl::Base64Unescape(encoded, &name)) {
    return std::nullopt;
  }
  if (name.empty() || name == "." || name == ".." ||
      absl::StrContains(name, '/') || absl::StrContains(name, '\0')) {
    return std::nullopt;
  }
  return name;
}

}  // namespace

absl::StatusOr<DirectoryEntry> ParseDirectoryEntry(absl::string_view line) {
  const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  const auto refuse = [line] {
    return absl::InvalidArgumentError(absl::StrCat(
        "the list has a line that is no entry: ", line.substr(0, 200)));
  };
  if (!object.is_object()) return refuse();
  const std::optional<std::string> name = NameOf(object);
  const std::optional<Type> type = TypeFromWord(TextAt(object, "type"));
  const std::uint64_t mode = NumberAt(object, "mode");
  if (!name.has_value() || !type.has_value() || mode > kMaxMode) {
    return refuse();
  }
  DirectoryEntry entry;
  entry.name = *name;
  entry.type = *type;
  entry.size = NumberAt(object, "size");
  entry.mode = static_cast<std::uint32_t>(mode);
  entry.modified = absl::FromUnixMillis(SignedAt(object, "mtimeMs"));
  entry.target = TextAt(object, "target");
  return entry;
}

std::string EntryJson(const DirectoryEntry& entry) {
  json object = {{"name", entry.name},
                 {"type", std::string(TypeWord(entry.type))},
                 {"size", entry.size},
                 {"mode", entry.mode},
                 {"mtimeMs", absl::ToUnixMillis(entry.modified)}};
  if (entry.type == Type::kSymlink) object["target"] = entry.target;
  if (!IsValidUtf8(entry.name)) {
    object["nameBase64"] = absl::Base64Escape(entry.name);
  }
  return absl::StrCat(object.dump(-1, ' ', /*ensure_ascii=*/true,
                                  json::error_handler_t::replace),
                      "\n");
}

std::string ModeText(const DirectoryEntry& entry) {
  std::string text(1, TypeLetter(entry.type));
  constexpr absl::string_view kLetters = "rwxrwxrwx";
  for (std::size_t i = 0; i < kLetters.size(); ++i) {
    const bool is_set = (entry.mode >> (kLetters.size() - 1 - i) & 1U) != 0;
    text += is_set ? kLetters[i] : '-';
  }
  return text;
}

std::string EntryLine(const DirectoryEntry& entry) {
  const std::string time = absl::FormatTime(
      "%Y-%m-%dT%H:%M:%SZ", entry.modified, absl::UTCTimeZone());
  std::string line = absl::StrFormat("%s %12d %s %s", ModeText(entry),
                                     entry.size, time, EscapeText(entry.name));
  if (entry.type == Type::kSymlink) {
    absl::StrAppend(&line, " -> ", EscapeText(entry.target));
  }
  if (entry.type == Type::kDirectory) line += '/';
  line += '\n';
  return line;
}

}  // namespace airlock::cli
