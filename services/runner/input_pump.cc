#include "services/runner/input_pump.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

#include "services/runner/wire_encode.h"

namespace airlock::runner {
namespace {

// Credit is told in steps of this, not byte by byte.
constexpr std::uint64_t kCreditStep = InputPump::kWindowBytes / 4;

}  // namespace

InputPump::InputPump(EventLoop& loop, FrameWriter& writer,
                     std::uint64_t process)
    : loop_(loop), writer_(writer), process_(process) {}

InputPump::~InputPump() { Close(); }

bool InputPump::Add(std::string data, bool end) {
  if (ended_ || data.size() > credit_ - received_) return false;
  received_ += data.size();
  ended_ = end;
  if (!data.empty()) pieces_.push_back(std::move(data));
  if (fd_.valid()) WriteSome();
  return true;
}

void InputPump::Start(UniqueFd fd) {
  fd_ = std::move(fd);
  WriteSome();
}

void InputPump::Close() {
  Watch(false);
  fd_.Reset();
  pieces_.clear();
}

void InputPump::WriteSome() {
  while (!pieces_.empty()) {
    const std::string& piece = pieces_.front();
    const ssize_t count = ::write(fd_.get(), piece.data() + front_written_,
                                  piece.size() - front_written_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      Watch(true);
      return GiveCredit();
    }
    // The process reads no more (EPIPE): its choice, and no error.
    if (count < 0) return Close();
    front_written_ += static_cast<std::size_t>(count);
    written_ += static_cast<std::uint64_t>(count);
    if (front_written_ == piece.size()) {
      pieces_.pop_front();
      front_written_ = 0;
    }
  }
  if (ended_) return Close();
  Watch(false);
  GiveCredit();
}

void InputPump::Watch(bool wanted) {
  if (!fd_.valid() || watched_ == wanted) return;
  watched_ = wanted;
  if (!wanted) {
    loop_.Remove(fd_.get());
  } else if (!loop_.Add(fd_.get(), EPOLLOUT,
                        [this](std::uint32_t) { WriteSome(); })) {
    watched_ = false;
    Close();
  }
}

void InputPump::GiveCredit() {
  const std::uint64_t limit = written_ + kWindowBytes;
  if (ended_ || limit < credit_ + kCreditStep) return;
  credit_ = limit;
  writer_.SendControl(EncodeFrame(StdinCredit{process_, credit_}));
}

}  // namespace airlock::runner
