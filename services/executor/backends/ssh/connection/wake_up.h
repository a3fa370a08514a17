// Ends somebody's wait in poll().
#pragma once

namespace airlock::executor {

// An eventfd. Thread-safe.
class WakeUp {
 public:
  // Throws std::runtime_error if there are no descriptors left.
  WakeUp();
  ~WakeUp();
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  // Readable once it was rung, until it is cleared.
  int fd() const { return fd_; }
  void Ring() const;
  void Clear() const;

 private:
  const int fd_;
};

}  // namespace airlock::executor
