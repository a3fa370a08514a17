#include "common/resume/sent_frames.h"

#include <utility>

namespace airlock {

void SentFrames::Add(std::string frame) {
  bytes_ += frame.size();
  frames_.push_back(std::move(frame));
}

const std::string* SentFrames::Next() {
  return has_next() ? &frames_[written_++] : nullptr;
}

bool SentFrames::Acknowledge(std::uint64_t received) {
  // An older one crossed a newer one, or says nothing new.
  if (received < first_) return true;
  if (received - (first_ - 1) > written_) return false;
  while (first_ <= received) {
    bytes_ -= frames_.front().size();
    frames_.pop_front();
    --written_;
    ++first_;
  }
  return true;
}

bool SentFrames::Resume(std::uint64_t received) {
  if (received < first_ - 1 || !Acknowledge(received)) return false;
  written_ = 0;
  return true;
}

}  // namespace airlock
