// One connection of an executor to the host program.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/resume/sent_frames.h"
#include "services/runner/frame_io.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {

// Reads and writes frames without blocking. `in` and `out` are the standard
// streams of the program that sshd started, and `door` its socket: it ends
// when that is closed, and the other way round. Not thread-safe.
class HostLine {
 public:
  HostLine(UniqueFd door, UniqueFd in, UniqueFd out);

  // Queues a frame that is not numbered.
  void SendNow(std::string frame) { now_.push_back(std::move(frame)); }

  // Writes what goes: frames that are not numbered, then those of `sent`.
  // False: the other side is gone.
  bool Write(SentFrames& sent);

  // Reads what is there, a bounded amount. False: the end, or `handler` said
  // so, or a frame is too long.
  bool Read(const FrameReader::Handler& handler);

  // What to wait for; always the same number of entries.
  void AppendWaits(bool has_frames, std::vector<pollfd>& waits) const;

  // Whether the program at the door is gone.
  bool IsDoorClosed() const;

 private:
  bool PickFrame(SentFrames& sent);

  const UniqueFd door_;
  const UniqueFd in_;
  const UniqueFd out_;
  FrameReader reader_;
  std::vector<char> buffer_;
  std::deque<std::string> now_;
  // What is being written, and how far: a numbered frame is copied, because it
  // may be acknowledged and gone before its end is written.
  std::string current_;
  std::size_t written_ = 0;
};

}  // namespace airlock::runner
