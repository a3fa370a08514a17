#include "services/runner/files/file_command.h"

#include <array>
#include <charconv>
#include <utility>

#include "services/runner/files/file_error.h"

namespace airlock::runner {
namespace {

using Kind = FileCommand::Kind;

// Content comes whole; more is appended by further actions.
constexpr std::uint64_t kMaxContentBytes = std::uint64_t{8} << 20;

bool ReadNumber(std::string_view text, int base, std::uint64_t most,
                std::uint64_t& out) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out, base);
  return error == std::errc() && stop == end && out <= most;
}

bool SetOffset(std::string_view value, FileCommand& command) {
  return ReadNumber(value, 10, UINT64_MAX, command.offset);
}

bool SetLimit(std::string_view value, FileCommand& command) {
  return ReadNumber(value, 10, UINT64_MAX, command.limit);
}

bool SetSize(std::string_view value, FileCommand& command) {
  return ReadNumber(value, 10, kMaxContentBytes, command.size);
}

bool SetMode(std::string_view value, FileCommand& command) {
  std::uint64_t mode = 0;
  if (!ReadNumber(value, 8, 0777, mode)) return false;
  command.mode = static_cast<std::uint32_t>(mode);
  return true;
}

bool SetExisting(std::string_view value, FileCommand& command) {
  command.existing = value == "refuse"   ? Existing::kRefuse
                     : value == "append" ? Existing::kAppend
                                         : Existing::kOverwrite;
  return value == "refuse" || value == "append" || value == "overwrite";
}

bool SetRecursive(std::string_view value, FileCommand& command) {
  command.recursive = value == "yes";
  return value == "yes" || value == "no";
}

bool SetWorkspace(std::string_view value, FileCommand& command) {
  command.workspace = value;
  return !value.empty();
}

// An option of one kind, or of all.
struct Option {
  std::string_view name;
  std::optional<Kind> kind;
  bool (*set)(std::string_view value, FileCommand& command);
};

constexpr std::array kOptions = {
    Option{"--workspace", std::nullopt, SetWorkspace},
    Option{"--offset", Kind::kRead, SetOffset},
    Option{"--limit", Kind::kRead, SetLimit},
    Option{"--size", Kind::kWrite, SetSize},
    Option{"--mode", Kind::kWrite, SetMode},
    Option{"--existing", Kind::kWrite, SetExisting},
    Option{"--recursive", Kind::kDelete, SetRecursive}};

bool ReadKind(std::string_view word, Kind& kind) {
  constexpr std::array<std::pair<std::string_view, Kind>, 4> kKinds = {
      {{"read", Kind::kRead},
       {"list", Kind::kList},
       {"write", Kind::kWrite},
       {"delete", Kind::kDelete}}};
  for (const auto& [name, value] : kKinds) {
    if (name != word) continue;
    kind = value;
    return true;
  }
  return false;
}

bool ReadOption(std::string_view name, std::string_view value,
                std::array<bool, kOptions.size()>& seen, FileCommand& command) {
  for (std::size_t i = 0; i < kOptions.size(); ++i) {
    const Option& option = kOptions.at(i);
    if (option.name != name) continue;
    if (option.kind.has_value() && *option.kind != command.kind) return false;
    return !std::exchange(seen.at(i), true) && option.set(value, command);
  }
  return false;
}

}  // namespace

CommandError ReadFileCommand(std::span<const std::string_view> words,
                             FileCommand& out) {
  out = {};
  if (words.empty() || !ReadKind(words.front(), out.kind)) {
    return {.message = "the first word must be read, list, write or delete"};
  }
  words = words.subspan(1);
  std::optional<std::string_view> path;
  std::array<bool, kOptions.size()> seen{};
  for (; !words.empty(); words = words.subspan(2)) {
    const bool whole = words.size() > 1;
    const bool is_path = whole && words[0] == "--path" && !path.has_value();
    if (is_path) {
      path = words[1];
    } else if (!whole || !ReadOption(words[0], words[1], seen, out)) {
      return {.message =
                  "unknown, incomplete or wrong option " + Quote(words[0])};
    }
  }
  if (!path.has_value() && out.kind != Kind::kList) {
    return {.message = "--path must be told"};
  }
  if (std::string problem = WorkspacePath::Parse(path.value_or(""), out.path);
      !problem.empty()) {
    return {.message = std::move(problem), .is_path = true};
  }
  return {};
}

}  // namespace airlock::runner
