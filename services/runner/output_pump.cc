#include "services/runner/output_pump.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>

#include "services/runner/wire_encode.h"

namespace airlock::runner {
namespace {

// What one read takes.
constexpr std::uint64_t kReadBytes = 64 << 10;

}  // namespace

OutputPump::OutputPump(EventLoop& loop, FrameWriter& writer,
                       std::uint64_t process, std::uint64_t limit_bytes,
                       std::uint64_t credit_bytes,
                       std::function<void()> on_over_limit)
    : loop_(loop),
      writer_(writer),
      process_(process),
      limit_(limit_bytes == 0 ? std::numeric_limits<std::uint64_t>::max()
                              : limit_bytes),
      credit_(credit_bytes),
      on_over_limit_(std::move(on_over_limit)) {}

OutputPump::~OutputPump() { Close(); }

void OutputPump::Start(UniqueFd stdout_fd, UniqueFd stderr_fd) {
  pipes_[0].fd = std::move(stdout_fd);
  pipes_[1].fd = std::move(stderr_fd);
  writer_.AddRoomListener(this, [this] { Update(); });
  Update();
}

void OutputPump::Allow(std::uint64_t limit_bytes) {
  credit_ = std::max(credit_, limit_bytes);
  Update();
}

void OutputPump::Drain(std::function<void()> on_end) {
  on_end_ = std::move(on_end);
  draining_ = true;
  for (std::size_t i = 0; i < pipes_.size(); ++i) ReadUntilEmpty(i);
  Update();
}

void OutputPump::Close() {
  writer_.RemoveRoomListener(this);
  for (std::size_t i = 0; i < pipes_.size(); ++i) ClosePipe(i);
}

// How much may be read now. At the limit, one byte more: it tells a process
// that wrote too much from one that wrote exactly enough.
std::uint64_t OutputPump::Wanted() const {
  if (over_limit_) return 0;
  if (sent_ >= limit_) return 1;
  if (draining_) return kReadBytes;
  if (!writer_.HasRoom() || sent_ >= credit_) return 0;
  return std::min(kReadBytes, credit_ - sent_);
}

void OutputPump::Update() {
  if (draining_ && over_limit_) {
    for (std::size_t i = 0; i < pipes_.size(); ++i) ClosePipe(i);
  }
  const bool wanted = Wanted() > 0;
  for (std::size_t i = 0; i < pipes_.size(); ++i) Watch(i, wanted);
  if (on_end_ && !pipes_[0].fd.valid() && !pipes_[1].fd.valid()) {
    loop_.Defer(std::exchange(on_end_, {}));
  }
}

// An unwatched pipe leaves epoll: its end would be told again and again.
void OutputPump::Watch(std::size_t index, bool wanted) {
  Pipe& pipe = pipes_[index];
  if (!pipe.fd.valid() || pipe.watched == wanted) return;
  if (!wanted) {
    loop_.Remove(pipe.fd.get());
    pipe.watched = false;
    return;
  }
  pipe.watched = loop_.Add(pipe.fd.get(), EPOLLIN,
                           [this, index](std::uint32_t) { ReadPipe(index); });
  if (!pipe.watched) pipe.fd.Reset();
}

void OutputPump::ReadPipe(std::size_t index) {
  // The other pipe's event of the same batch may have used up the credit.
  const std::uint64_t wanted = Wanted();
  if (wanted > 0) ReadOnce(index, wanted);
  Update();
}

void OutputPump::ReadUntilEmpty(std::size_t index) {
  while (pipes_[index].fd.valid()) {
    const std::uint64_t wanted = Wanted();
    if (wanted == 0 || !ReadOnce(index, wanted)) return;
  }
}

// Whether there may be more.
bool OutputPump::ReadOnce(std::size_t index, std::uint64_t wanted) {
  Pipe& pipe = pipes_[index];
  if (draining_) wanted = std::min(wanted, kDrainBytes - pipe.drained);
  // One for all pumps: it is empty again before the next read.
  static const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
  const ssize_t count = ::read(pipe.fd.get(), buffer.get(), wanted);
  if (count > 0) {
    Take(index,
         std::string_view(buffer.get(), static_cast<std::size_t>(count)));
    return true;
  }
  if (count < 0 && errno == EINTR) return true;
  if (count < 0 && errno == EAGAIN) return false;
  ClosePipe(index);
  return false;
}

void OutputPump::Take(std::size_t index, std::string_view data) {
  const std::uint64_t count = data.size();
  const std::uint64_t kept = std::min(count, limit_ - sent_);
  if (kept > 0) {
    sent_ += kept;
    const auto stream = static_cast<std::uint32_t>(index + 1);
    writer_.SendData(
        EncodeFrame(OutputChunk{process_, stream, data.substr(0, kept)}));
  }
  Pipe& pipe = pipes_[index];
  if (draining_) pipe.drained += count;
  // More than a pipe can hold: somebody still writes, and is not waited for.
  if (pipe.drained >= kDrainBytes) ClosePipe(index);
  if (kept == count) return;
  over_limit_ = true;
  loop_.Defer(on_over_limit_);
}

void OutputPump::ClosePipe(std::size_t index) {
  Pipe& pipe = pipes_[index];
  if (!pipe.fd.valid()) return;
  if (pipe.watched) loop_.Remove(pipe.fd.get());
  pipe.watched = false;
  pipe.fd.Reset();
}

}  // namespace airlock::runner
