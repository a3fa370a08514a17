// What was sent and may have to be sent again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace airlock {

// Keeps numbered frames (1, 2, ...) until the other side has them, and hands
// them out to be written: once, or after Resume() from where the other side
// stands. Not thread-safe. Bounded by who adds, who asks bytes().
class SentFrames {
 public:
  // Adds the next frame, to be written after those before.
  void Add(std::string frame);

  // The next frame to be written; null: none. Valid until another method is
  // called.
  const std::string* Next();

  // The other side has the frames up to number `received`. False: it cannot.
  [[nodiscard]] bool Acknowledge(std::uint64_t received);

  // A new connection, on which the other side says that it has the frames up
  // to `received`: what follows is written again. False: it cannot.
  [[nodiscard]] bool Resume(std::uint64_t received);

  // Of all frames that are kept.
  std::size_t bytes() const { return bytes_; }
  // Whether Next() has something.
  bool has_next() const { return written_ < frames_.size(); }

 private:
  std::deque<std::string> frames_;
  // Number of frames_.front().
  std::uint64_t first_ = 1;
  // How many of frames_ were handed out on this connection.
  std::size_t written_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace airlock
