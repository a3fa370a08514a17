// What the world outside the policy service remembers.
#pragma once

#include <string>
#include <vector>

namespace airlock::policy {

// A file of lines, each a verb and its words, in the order in which they were
// written. A line survives the process that wrote it, whenever that is killed:
// whoever acts writes first, and then acts. Thread-safe.
class Ledger {
 public:
  using Line = std::vector<std::string>;

  // Opens or makes the file; what is in it stays.
  explicit Ledger(const std::string& path);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Words hold no blanks and are not empty.
  void Write(const Line& line);
  // All lines with at least a verb.
  std::vector<Line> Read() const;

 private:
  const std::string path_;
  const int fd_;
};

}  // namespace airlock::policy
