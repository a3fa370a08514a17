#include "services/executor/state/executor_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/security/digest.h"
#include "common/security/random.h"
#include "common/status/error.h"

namespace airlock::executor {
namespace {

constexpr char kFileName[] = "executor-id";
constexpr absl::string_view kPrefix = "ex-";
constexpr std::size_t kRandomBytes = 6;
constexpr std::size_t kBootNonceBytes = 16;

absl::Status SystemError(absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(
      errno, absl::StrCat("executor.statePath: cannot ", what, " ", path));
}

bool IsId(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, kPrefix)) return false;
  if (text.size() != 2 * kRandomBytes) return false;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c)) &&
        (c < 'a' || c > 'f')) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<std::string> WriteNewId(int fd, const std::string& path) {
  std::string id = absl::StrCat(kPrefix, HexEncode(RandomBytes(kRandomBytes)));
  const std::string line = id + "\n";
  if (write(fd, line.data(), line.size()) !=
          static_cast<ssize_t>(line.size()) ||
      fsync(fd) != 0) {
    return SystemError("write", path);
  }
  return id;
}

absl::StatusOr<std::string> ReadOrWriteId(int fd, const std::string& path) {
  std::array<char, 64> buffer;
  const ssize_t size = pread(fd, buffer.data(), buffer.size(), 0);
  if (size < 0) return SystemError("read", path);
  if (size == 0) return WriteNewId(fd, path);
  const absl::string_view id = absl::StripTrailingAsciiWhitespace(
      absl::string_view(buffer.data(), static_cast<std::size_t>(size)));
  if (!IsId(id)) {
    return absl::DataLossError(absl::StrCat(
        "executor.statePath: ", path,
        " must hold \"ex-\" and 12 hexadecimal digits; remove the file to get "
        "a new id"));
  }
  return std::string(id);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExecutorState>> ExecutorState::Open(
    const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat(
        "executor.statePath: cannot make ", directory, ": ", error.message()));
  }
  const std::string path = absl::StrCat(directory, "/", kFileName);
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("open", path);
  absl::Cleanup close_fd = [fd] { close(fd); };
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return SystemError("lock", path);
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "STATE_LOCKED",
        absl::StrCat("executor.statePath: another executor runs on ", directory,
                     "; each one needs a directory of its own"));
  }
  absl::StatusOr<std::string> id = ReadOrWriteId(fd, path);
  if (!id.ok()) return id.status();
  std::move(close_fd).Cancel();
  return std::unique_ptr<ExecutorState>(new ExecutorState(fd, *std::move(id)));
}

ExecutorState::ExecutorState(int fd, std::string id)
    : fd_(fd), id_(std::move(id)), boot_nonce_(RandomBytes(kBootNonceBytes)) {}

ExecutorState::~ExecutorState() { close(fd_); }

}  // namespace airlock::executor
