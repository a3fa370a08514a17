// What goes wrong while a new process turns itself into a cell.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>

namespace airlock::runner {

// Thrown by the steps of the new process, which has nobody to return to: it
// writes what() to its creator and ends.
class StepFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws with `step` and what errno says of it, then `advice` if there is any.
[[noreturn]] void FailStep(std::string_view step, std::string_view advice = {});

// Throws unless a call that tells errors by a number below 0 went well.
// Returns the number.
int CheckStep(int returned, std::string_view step,
              std::string_view advice = {});

}  // namespace airlock::runner
