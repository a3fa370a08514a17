// What the probe says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace airlock::runner {

// One line: a name, then values by key, such as "pids created=14 error=EAGAIN".
// Names and keys are words; values have neither blanks nor control characters.
class Fact {
 public:
  explicit Fact(std::string_view name) : line_(name) {}

  Fact& Add(std::string_view key, std::string_view value);
  Fact& Add(std::string_view key, std::uint64_t value);
  // The name of an errno, such as "ENOSPC"; "none" for 0.
  Fact& AddError(std::string_view key, int error);

  // Writes the line to standard output at once, so that what is known is told
  // even if the next step ends the program.
  void Tell() const;

 private:
  std::string line_;
};

}  // namespace airlock::runner
