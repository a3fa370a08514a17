#include "services/cli/workspace/line_splitter.h"

namespace airlock::cli {
namespace {

// Names have at most 255 bytes and targets 4096; JSON makes six of one.
constexpr std::size_t kMaxLineBytes = std::size_t{64} << 10;

}  // namespace

absl::Status LineSplitter::Add(absl::string_view data) {
  for (;;) {
    const std::size_t end = data.find('\n');
    const absl::string_view piece = data.substr(0, end);
    if (begun_.size() + piece.size() > kMaxLineBytes) {
      return absl::ResourceExhaustedError("the list has a line without an end");
    }
    begun_.append(piece.data(), piece.size());
    if (end == absl::string_view::npos) return absl::OkStatus();
    absl::Status taken = on_line_(begun_);
    if (!taken.ok()) return taken;
    begun_.clear();
    data.remove_prefix(end + 1);
  }
}

absl::Status LineSplitter::Finish() const {
  if (begun_.empty()) return absl::OkStatus();
  return absl::DataLossError("the list ends in the middle of a line");
}

}  // namespace airlock::cli
