#include "services/runner/oom_score.h"

#include <unistd.h>

#include <string_view>

#include "services/runner/complain.h"

namespace airlock::runner {
namespace {

constexpr std::string_view kFirstChoice = "1000";

}  // namespace

ScopedOomScore::ScopedOomScore(int fd) : fd_(fd) {
  if (fd_ < 0) return;
  before_size_ = ::pread(fd_, before_, sizeof(before_), 0);
  if (before_size_ <= 0 ||
      ::pwrite(fd_, kFirstChoice.data(), kFirstChoice.size(), 0) < 0) {
    before_size_ = 0;
    Complain("cannot raise oom_score_adj for a process");
  }
}

ScopedOomScore::~ScopedOomScore() {
  if (before_size_ <= 0) return;
  if (::pwrite(fd_, before_, static_cast<std::size_t>(before_size_), 0) < 0) {
    Complain("cannot put oom_score_adj back");
  }
}

}  // namespace airlock::runner
