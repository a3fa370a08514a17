#include "services/runner/host/host_line.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace airlock::runner {
namespace {

constexpr std::size_t kReadBytes = std::size_t{128} << 10;

void SetNonBlocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

HostLine::HostLine(UniqueFd door, UniqueFd in, UniqueFd out)
    : door_(std::move(door)),
      in_(std::move(in)),
      out_(std::move(out)),
      buffer_(kReadBytes) {
  SetNonBlocking(door_.get());
  SetNonBlocking(in_.get());
  SetNonBlocking(out_.get());
}

bool HostLine::PickFrame(SentFrames& sent) {
  if (written_ < current_.size()) return true;
  written_ = 0;
  current_.clear();
  if (!now_.empty()) {
    current_ = std::move(now_.front());
    now_.pop_front();
    return true;
  }
  const std::string* next = sent.Next();
  if (next != nullptr) current_ = *next;
  return next != nullptr;
}

bool HostLine::Write(SentFrames& sent) {
  while (PickFrame(sent)) {
    const ssize_t count = ::write(out_.get(), current_.data() + written_,
                                  current_.size() - written_);
    if (count >= 0) {
      written_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      return true;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool HostLine::Read(const FrameReader::Handler& handler) {
  const ssize_t count = ::read(in_.get(), buffer_.data(), buffer_.size());
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  return count > 0 &&
         reader_.Feed({buffer_.data(), static_cast<std::size_t>(count)},
                      handler);
}

void HostLine::AppendWaits(bool has_frames, std::vector<pollfd>& waits) const {
  const bool writes = has_frames || !now_.empty() || written_ < current_.size();
  waits.push_back({in_.get(), POLLIN, 0});
  waits.push_back({writes ? out_.get() : -1, POLLOUT, 0});
  waits.push_back({door_.get(), POLLIN, 0});
}

bool HostLine::IsDoorClosed() const {
  char byte = 0;
  const ssize_t count = ::recv(door_.get(), &byte, 1, MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace airlock::runner
