#include "services/executor/backends/docker/pull_progress.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/executor/backends/docker/json_read.h"

namespace airlock::executor {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxLineBytes = 64 * 1024;
// More layers than any image has; the sums of the rest are left out.
constexpr std::size_t kMaxLayers = 1024;

absl::Status NotJson() {
  return MakeError(absl::StatusCode::kInternal, "ENGINE_ERROR",
                   "the engine's pull progress is not lines of JSON");
}

// The engine's words tell whether trying again makes sense.
absl::Status PullError(absl::string_view words) {
  const bool absent = absl::StrContains(words, "not found") ||
                      absl::StrContains(words, "manifest unknown") ||
                      absl::StrContains(words, "does not exist");
  return MakeError(
      absent ? absl::StatusCode::kNotFound : absl::StatusCode::kUnavailable,
      "IMAGE_PULL_FAILED",
      absl::StrCat("the engine says: ",
                   absl::Utf8SafeCEscape(words.substr(0, 2048))));
}

}  // namespace

absl::Status PullProgress::Add(absl::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = std::min(piece.find('\n'), piece.size());
    if (line_.size() + end > kMaxLineBytes) return NotJson();
    line_.append(piece.data(), end);
    if (end == piece.size()) break;
    piece.remove_prefix(end + 1);
    const std::string line = std::exchange(line_, {});
    absl::Status read = ReadLine(line);
    if (!read.ok()) return read;
  }
  return absl::OkStatus();
}

absl::Status PullProgress::ReadLine(absl::string_view line) {
  if (line.empty() || line == "\r") return absl::OkStatus();
  const json message = json::parse(line.begin(), line.end(), nullptr, false);
  if (!message.is_object()) return NotJson();
  if (const std::string error = StringAt(message, {"error"}); !error.empty()) {
    result_ = PullError(error);
    return absl::OkStatus();
  }
  ReadLayer(message);
  return absl::OkStatus();
}

void PullProgress::ReadLayer(const json& message) {
  const std::string layer = StringAt(message, {"id"});
  if (layer.empty() || StringAt(message, {"status"}) != "Downloading") return;
  const auto current = IntegerAt(message, {"progressDetail", "current"});
  const auto total = IntegerAt(message, {"progressDetail", "total"});
  if (current < 0 || total <= 0) return;
  if (layers_.size() >= kMaxLayers && !layers_.contains(layer)) return;
  layers_[layer] = {static_cast<std::uint64_t>(current),
                    static_cast<std::uint64_t>(total)};
  std::uint64_t done = 0;
  std::uint64_t all = 0;
  for (const auto& [id, bytes] : layers_) {
    done += bytes.first;
    all += bytes.second;
  }
  if (progress_) progress_("pulling image", done, all);
}

}  // namespace airlock::executor
