// A file descriptor with an owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace airlock::runner {

// Closes its descriptor when it goes. Movable only. Whoever registered the
// descriptor with the EventLoop removes it there first.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { Reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // Gives it to somebody else.
  int Release() { return std::exchange(fd_, -1); }

  // Closes it now.
  void Reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace airlock::runner
