#include "services/runner/frame_io.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace airlock::runner {

bool FrameReader::Feed(std::string_view bytes, const Handler& handler) {
  while (true) {
    while (header_bytes_ < 4) {
      if (bytes.empty()) return true;
      size_ = (size_ << 8) | static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      ++header_bytes_;
    }
    if (size_ > kMaxFrameBytes) return false;
    const std::size_t wanted = size_ - body_.size();
    // A message that is whole in these bytes is not copied.
    if (body_.empty() && bytes.size() >= wanted) {
      const std::string_view message = bytes.substr(0, wanted);
      bytes.remove_prefix(wanted);
      header_bytes_ = size_ = 0;
      if (!handler(message)) return false;
      continue;
    }
    const std::size_t taken = std::min(wanted, bytes.size());
    body_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (taken < wanted) return true;
    const std::string message = std::exchange(body_, {});
    header_bytes_ = size_ = 0;
    if (!handler(message)) return false;
  }
}

FrameWriter::FrameWriter(EventLoop& loop, int fd,
                         std::function<void()> on_broken)
    : loop_(loop), fd_(fd), on_broken_(std::move(on_broken)) {}

FrameWriter::~FrameWriter() { Watch(false); }

void FrameWriter::SendControl(std::string frame) {
  if (broken_) return;
  control_bytes_ += frame.size();
  control_.push_back(std::move(frame));
  WriteSome();
  if (control_bytes_ > kMaxQueuedControl) Break();
}

void FrameWriter::SendData(std::string frame) {
  if (broken_) return;
  data_bytes_ += frame.size();
  data_.push_back(std::move(frame));
  WriteSome();
}

void FrameWriter::FlushFor(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!broken_) {
    WriteSome();
    if (!watching_) return;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd wait{fd_, POLLOUT, 0};
    if (left.count() <= 0) return;
    ::poll(&wait, 1, static_cast<int>(left.count()));
  }
}

bool FrameWriter::PickFrame() {
  if (written_ < current_.size()) return true;
  written_ = 0;
  current_.clear();
  std::deque<std::string>& queue = control_.empty() ? data_ : control_;
  if (queue.empty()) return false;
  current_ = std::move(queue.front());
  queue.pop_front();
  (&queue == &data_ ? data_bytes_ : control_bytes_) -= current_.size();
  return true;
}

void FrameWriter::WriteSome() {
  const bool had_room = HasRoom();
  while (!broken_ && PickFrame()) {
    const ssize_t count =
        ::write(fd_, current_.data() + written_, current_.size() - written_);
    if (count >= 0) {
      written_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      Watch(true);
      break;
    } else if (errno != EINTR) {
      Break();
      return;
    }
  }
  if (written_ == current_.size()) Watch(false);
  // A listener may be gone by then, so it is looked up then.
  if (!had_room && HasRoom()) loop_.Defer([this] { TellRoom(); });
}

void FrameWriter::AddRoomListener(const void* owner,
                                  std::function<void()> listener) {
  room_listeners_.push_back({owner, std::move(listener)});
}

void FrameWriter::RemoveRoomListener(const void* owner) {
  std::erase_if(room_listeners_, [owner](const RoomListener& listener) {
    return listener.owner == owner;
  });
}

void FrameWriter::TellRoom() {
  if (room_listeners_.empty()) return;
  // They only begin to read again: none adds or removes a listener.
  for (const RoomListener& listener : room_listeners_) listener.function();
  room_listeners_.push_back(std::move(room_listeners_.front()));
  room_listeners_.pop_front();
}

void FrameWriter::Watch(bool wanted) {
  if (wanted == watching_) return;
  watching_ = wanted;
  if (!wanted) {
    loop_.Remove(fd_);
  } else if (!loop_.Add(fd_, EPOLLOUT,
                        [this](std::uint32_t) { WriteSome(); })) {
    Break();
  }
}

void FrameWriter::Break() {
  if (broken_) return;
  broken_ = true;
  Watch(false);
  loop_.Defer(on_broken_);
}

}  // namespace airlock::runner
