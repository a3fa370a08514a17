// Carries what a process writes to the executor.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

#include "services/runner/event_loop.h"
#include "services/runner/frame_io.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {

// Reads the two output pipes as long as there is credit and room in the
// writer; else it leaves them alone, so that the process waits. Not
// thread-safe.
class OutputPump {
 public:
  // What Drain() reads at most per pipe: the largest pipe an unprivileged
  // process can make.
  static constexpr std::uint64_t kDrainBytes = 1 << 20;

  // `loop` and `writer` must outlive this. `limit_bytes` 0: no limit.
  // `on_over_limit` is called once, when the process wrote more than the
  // limit; exactly the limit has been sent then.
  OutputPump(EventLoop& loop, FrameWriter& writer, std::uint64_t process,
             std::uint64_t limit_bytes, std::uint64_t credit_bytes,
             std::function<void()> on_over_limit);
  ~OutputPump();
  OutputPump(const OutputPump&) = delete;
  OutputPump& operator=(const OutputPump&) = delete;

  // Begins to read. The descriptors must be non-blocking.
  void Start(UniqueFd stdout_fd, UniqueFd stderr_fd);

  // Lets it send up to `limit_bytes` since the start; never falls.
  void Allow(std::uint64_t limit_bytes);

  // After the end of all processes: reads what is left in the pipes whatever
  // the credit, and goes on reading what comes. `on_end` is called once both
  // pipes have ended, perhaps at once.
  void Drain(std::function<void()> on_end);

  // Reads no more.
  void Close();

  bool over_limit() const { return over_limit_; }

 private:
  struct Pipe {
    UniqueFd fd;
    bool watched = false;
    std::uint64_t drained = 0;
  };

  void Update();
  void Watch(std::size_t index, bool wanted);
  void ReadPipe(std::size_t index);
  void ReadUntilEmpty(std::size_t index);
  bool ReadOnce(std::size_t index, std::uint64_t wanted);
  void Take(std::size_t index, std::string_view data);
  std::uint64_t Wanted() const;
  void ClosePipe(std::size_t index);

  EventLoop& loop_;
  FrameWriter& writer_;
  const std::uint64_t process_;
  const std::uint64_t limit_;
  std::uint64_t credit_;
  std::uint64_t sent_ = 0;
  std::function<void()> on_over_limit_;
  std::function<void()> on_end_;
  bool over_limit_ = false;
  bool draining_ = false;
  std::array<Pipe, 2> pipes_;
};

}  // namespace airlock::runner
