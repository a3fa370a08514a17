#include "common/config/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/config/json_lexer.h"
#include "common/config/json_reader.h"

namespace airlock {
namespace {

std::string TooLargeMessage() {
  return absl::StrCat("must be at most ", kMaxConfigBytes,
                      " bytes: got more than that");
}

// Owns a file descriptor.
class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status CannotRead(const std::string& path, int error) {
  return absl::FailedPreconditionError(absl::StrCat(
      "cannot read ", QuoteForMessage(path), ": ", std::strerror(error)));
}

// Reads at most one byte more than is allowed, whatever the file's size.
absl::StatusOr<std::string> ReadBounded(const std::string& path) {
  // Not blocking, so that a FIFO does not hold the start-up.
  const OpenFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd() < 0) return CannotRead(path, errno);
  struct stat status {};
  if (fstat(file.fd(), &status) != 0) return CannotRead(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(QuoteForMessage(path), " must be a regular file"));
  }
  std::string text;
  char buffer[16384];
  while (text.size() <= kMaxConfigBytes) {
    const ssize_t got = read(file.fd(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return CannotRead(path, errno);
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return absl::FailedPreconditionError(
      absl::StrCat(QuoteForMessage(path), " ", TooLargeMessage()));
}

bool IsBlank(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isspace(static_cast<unsigned char>(c));
  });
}

}  // namespace

ConfigReading ReadConfigText(absl::string_view text) {
  ConfigReading reading;
  if (text.size() > kMaxConfigBytes) {
    reading.problems.AddError("", TooLargeMessage());
    reading.problems.MarkIncomplete();
  } else if (IsBlank(text)) {
    reading.problems.AddError(
        "", "is empty; \"{}\" is a configuration of defaults");
    reading.problems.MarkIncomplete();
  } else {
    JsonReader reader(reading.config, reading.problems);
    LexJson(text, reader);
  }
  return reading;
}

ConfigReading ReadConfigFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadBounded(path);
  if (text.ok()) return ReadConfigText(*text);
  ConfigReading reading;
  reading.problems.AddError("", text.status().message());
  reading.problems.MarkIncomplete();
  return reading;
}

}  // namespace airlock
