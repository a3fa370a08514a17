#include "services/cli/audit/line_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace airlock::cli {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;

absl::Status ReadError(const std::string& path) {
  return absl::ErrnoToStatus(errno,
                             absl::StrCat("\"", path, "\" cannot be read"));
}

// Puts lines together out of what is read.
class Lines {
 public:
  Lines(const std::string& path, std::size_t max_bytes,
        const std::function<absl::Status(absl::string_view)>& on_line)
      : path_(path), max_bytes_(max_bytes), on_line_(on_line) {}

  absl::Status Add(absl::string_view data) {
    for (;;) {
      const std::size_t end = data.find('\n');
      const absl::string_view piece = data.substr(0, end);
      if (begun_.size() + piece.size() > max_bytes_) {
        return absl::ResourceExhaustedError(
            absl::StrCat("line ", number_, " of \"", path_,
                         "\" must be at most ", max_bytes_, " bytes"));
      }
      begun_.append(piece.data(), piece.size());
      if (end == absl::string_view::npos) return absl::OkStatus();
      absl::Status taken = on_line_(begun_);
      if (!taken.ok()) return taken;
      begun_.clear();
      ++number_;
      data.remove_prefix(end + 1);
    }
  }

  absl::Status Finish() const {
    if (begun_.empty()) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrCat("\"", path_, "\" ends in the middle of line ", number_));
  }

 private:
  const std::string& path_;
  const std::size_t max_bytes_;
  const std::function<absl::Status(absl::string_view)>& on_line_;
  std::string begun_;
  std::size_t number_ = 1;
};

}  // namespace

absl::Status ForEachLine(
    const std::string& path, std::size_t max_line_bytes,
    const std::function<absl::Status(absl::string_view line)>& on_line) {
  const bool is_stdin = path == "-";
  const int fd =
      is_stdin ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ReadError(path);
  const auto close_it = absl::MakeCleanup([fd, is_stdin] {
    if (!is_stdin) close(fd);
  });
  Lines lines(path, max_line_bytes, on_line);
  std::vector<char> buffer(kReadBytes);
  for (;;) {
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ReadError(path);
    if (count == 0) return lines.Finish();
    absl::Status taken =
        lines.Add({buffer.data(), static_cast<std::size_t>(count)});
    if (!taken.ok()) return taken;
  }
}

}  // namespace airlock::cli
