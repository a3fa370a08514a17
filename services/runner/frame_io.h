// Frames in and out: a 4-byte big-endian length and as many bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "services/runner/event_loop.h"

namespace airlock::runner {

// The longest message of a frame.
inline constexpr std::size_t kMaxFrameBytes = 1 << 20;

// Cuts a stream of bytes into messages. Holds at most one message.
class FrameReader {
 public:
  // Gets each complete message; false stops the reading.
  using Handler = std::function<bool(std::string_view message)>;

  // Takes the next bytes. False when a message is too long, which is found
  // out before any room is made for it, or when `handler` said so.
  bool Feed(std::string_view bytes, const Handler& handler);

  // Whether the stream may end here: no frame has begun.
  bool at_boundary() const { return header_bytes_ == 0; }

 private:
  std::uint32_t size_ = 0;
  std::size_t header_bytes_ = 0;
  std::string body_;
};

// Writes frames to a non-blocking descriptor. Control frames overtake data
// frames, but never cut one. Not thread-safe.
class FrameWriter {
 public:
  // Above this, HasRoom() is false.
  static constexpr std::size_t kMaxQueuedData = 256 << 10;
  // More control frames that nobody reads break the writer.
  static constexpr std::size_t kMaxQueuedControl = 64 << 10;

  // `on_broken` is called at most once, from the loop, when the other side
  // has gone or does not read. `loop` must outlive this.
  FrameWriter(EventLoop& loop, int fd, std::function<void()> on_broken);
  ~FrameWriter();
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;

  // Queues a frame that overtakes data.
  void SendControl(std::string frame);

  // Queues a frame behind the data that was sent before. What is queued is
  // bounded by the caller, who asks HasRoom().
  void SendData(std::string frame);

  // Whether more data may be queued.
  bool HasRoom() const { return data_bytes_ < kMaxQueuedData; }

  // Adds somebody who is told when there is room again, until `owner` is
  // removed. With several, each time another one is first: whoever
  // is first may take all the room.
  void AddRoomListener(const void* owner, std::function<void()> listener);
  void RemoveRoomListener(const void* owner);

  // Writes what is queued, blocking for at most `limit`: the last word before
  // the end of the program.
  void FlushFor(std::chrono::milliseconds limit);

 private:
  struct RoomListener {
    const void* owner;
    std::function<void()> function;
  };

  void WriteSome();
  void TellRoom();
  bool PickFrame();
  void Watch(bool wanted);
  void Break();

  EventLoop& loop_;
  const int fd_;
  std::function<void()> on_broken_;
  std::deque<RoomListener> room_listeners_;
  std::deque<std::string> control_;
  std::deque<std::string> data_;
  std::size_t control_bytes_ = 0;
  std::size_t data_bytes_ = 0;
  // The frame that is being written, and how far.
  std::string current_;
  std::size_t written_ = 0;
  bool watching_ = false;
  bool broken_ = false;
};

}  // namespace airlock::runner
