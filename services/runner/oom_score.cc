#include "services/runner/oom_score.h"

#include <unistd.h>

#include <array>
#include <string_view>

#include "services/runner/complain.h"

namespace airlock::runner {
namespace {

constexpr std::string_view kFirstChoice = "1000";

}  // namespace

ScopedOomScore::ScopedOomScore(int fd) : fd_(fd) {
  if (fd_ < 0) return;
  std::array<char, 16> before;
  const ssize_t size = ::pread(fd_, before.data(), before.size(), 0);
  if (size <= 0 ||
      ::pwrite(fd_, kFirstChoice.data(), kFirstChoice.size(), 0) < 0) {
    Complain("cannot raise oom_score_adj for a process");
    return;
  }
  before_.assign(before.data(), static_cast<std::size_t>(size));
}

ScopedOomScore::~ScopedOomScore() {
  if (before_.empty()) return;
  if (::pwrite(fd_, before_.data(), before_.size(), 0) < 0) {
    Complain("cannot put oom_score_adj back");
  }
}

}  // namespace airlock::runner
