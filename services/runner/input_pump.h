// Carries standard input from the executor to a process.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "services/runner/event_loop.h"
#include "services/runner/frame_io.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {

// Holds at most one window of input, and gives credit for more as the process
// reads. Not thread-safe.
class InputPump {
 public:
  // What the executor may send ahead of the process's reading.
  static constexpr std::uint64_t kWindowBytes = 256 << 10;

  // `loop` and `writer` must outlive this.
  InputPump(EventLoop& loop, FrameWriter& writer, std::uint64_t process);
  ~InputPump();
  InputPump(const InputPump&) = delete;
  InputPump& operator=(const InputPump&) = delete;

  // Takes the next piece. False when it is more than the credit, or came
  // after the last one: the executor broke the protocol.
  [[nodiscard]] bool Add(std::string data, bool end);

  // Begins to write. The descriptor must be non-blocking.
  void Start(UniqueFd fd);

  // Writes no more; what is left is dropped.
  void Close();

 private:
  void WriteSome();
  void Watch(bool wanted);
  void GiveCredit();

  EventLoop& loop_;
  FrameWriter& writer_;
  const std::uint64_t process_;
  UniqueFd fd_;
  bool watched_ = false;
  std::deque<std::string> pieces_;
  std::size_t front_written_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t credit_ = kWindowBytes;
  bool ended_ = false;
};

}  // namespace airlock::runner
