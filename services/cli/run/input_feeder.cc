#include "services/cli/run/input_feeder.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace airlock::cli {
namespace {

using airlock::v1::WriteStdinRequest;

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
constexpr absl::Duration kLongestPause = absl::Seconds(4);

// Reads without ever waiting: poll() may call readable what another process
// then takes. A pipe is opened anew, since to be non-blocking is shared by all
// who have it.
class Reader {
 public:
  explicit Reader(int fd) : fd_(fd) {
    struct stat facts = {};
    if (fstat(fd, &facts) != 0) return;
    is_socket_ = S_ISSOCK(facts.st_mode);
    if (!S_ISFIFO(facts.st_mode)) return;
    own_fd_ = open(absl::StrCat("/proc/self/fd/", fd).c_str(),
                   O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ~Reader() {
    if (own_fd_ >= 0) close(own_fd_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  int fd() const { return own_fd_ >= 0 ? own_fd_ : fd_; }

  ssize_t Read(char* data, std::size_t size) const {
    return is_socket_ ? recv(fd_, data, size, MSG_DONTWAIT)
                      : read(fd(), data, size);
  }

 private:
  const int fd_;
  int own_fd_ = -1;
  bool is_socket_ = false;
};

// Errors with which the process wants no more input, or is not there.
bool IsOver(const absl::Status& error) {
  return absl::IsFailedPrecondition(error) || absl::IsNotFound(error);
}

// Errors of the way there, or of the moment.
bool IsPassing(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

}  // namespace

InputFeeder::InputFeeder(const Options& options, InputWriter& writer,
                         std::function<void(const absl::Status&)> on_broken)
    : options_(options),
      writer_(writer),
      on_broken_(std::move(on_broken)),
      stop_fd_(eventfd(0, EFD_CLOEXEC)) {}

InputFeeder::~InputFeeder() {
  eventfd_write(stop_fd_, 1);
  writer_.Cancel();
  if (thread_.joinable()) thread_.join();
  close(stop_fd_);
}

void InputFeeder::Start(const std::string& id) {
  thread_ = std::thread([this, id] { Feed(id); });
}

void InputFeeder::Feed(const std::string& id) {
  const Reader reader(options_.fd);
  std::vector<char> piece(kPieceBytes);
  while (AwaitInput(reader.fd())) {
    const ssize_t got = reader.Read(piece.data(), piece.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) {
      on_broken_(absl::ErrnoToStatus(errno, "cannot read standard input"));
      return;
    }
    const absl::string_view data(piece.data(), static_cast<std::size_t>(got));
    if (!Deliver(id, data, /*close=*/got == 0) || got == 0) return;
  }
}

bool InputFeeder::Deliver(const std::string& id, absl::string_view data,
                          bool close) {
  for (int failures = 0;;) {
    WriteStdinRequest request;
    request.set_id(id);
    request.set_offset(offset_);
    request.set_data(std::string(data));
    request.set_close(close);
    const auto response = writer_.Write(request);
    if (!response.ok()) {
      if (!ShouldTryAgain(response.status(), ++failures)) return false;
      continue;
    }
    failures = 0;
    // Beyond `data` if an earlier run of this command gave it already.
    const std::uint64_t end = offset_ + data.size();
    const std::uint64_t next = std::min(response->next_offset(), end);
    if (response->closed()) return false;
    if (next > offset_) {
      data.remove_prefix(static_cast<std::size_t>(next - offset_));
      offset_ = next;
      if (data.empty() && !close) return true;
    } else if (!Pause(options_.first_pause)) {
      return false;
    }
  }
}

bool InputFeeder::ShouldTryAgain(const absl::Status& error, int failures) {
  if (IsOver(error)) return false;
  if (IsPassing(error)) {
    absl::Duration pause = options_.first_pause;
    for (int i = 1; i < failures && pause < kLongestPause; ++i) pause *= 2;
    return Pause(std::min(pause, kLongestPause));
  }
  on_broken_(error);
  return false;
}

bool InputFeeder::AwaitInput(int fd) const {
  std::array<pollfd, 2> waited = {{{stop_fd_, POLLIN, 0}, {fd, POLLIN, 0}}};
  for (;;) {
    const int ready = poll(waited.data(), waited.size(), -1);
    if (ready < 0 && errno == EINTR) continue;
    // An error of poll() itself is read()'s to tell.
    return waited[0].revents == 0;
  }
}

bool InputFeeder::Pause(absl::Duration duration) const {
  pollfd waited = {stop_fd_, POLLIN, 0};
  return poll(&waited, 1,
              static_cast<int>(absl::ToInt64Milliseconds(duration))) == 0;
}

}  // namespace airlock::cli
