// A program on a terminal, and the person in front of it.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace airlock {

// Started when made, with a terminal for its input and both its outputs; killed
// if it still runs when this goes. Used by one thread.
class Terminal {
 public:
  Terminal(const std::vector<std::string>& argv,
           const std::map<std::string, std::string>& environment);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Waits until `text` was shown after what was waited for before; a failure of
  // the test if the program ends or says nothing for long.
  void ReadUntil(const std::string& text);
  void Type(const std::string& keys) const;
  // Waits for the end: exit code, or 128 and the number of the signal.
  int Wait();

 private:
  // Reads what there is; false: nothing comes any more.
  bool ReadMore();

  pid_t pid_ = -1;
  int fd_ = -1;
  // What was shown and not waited for yet.
  std::string shown_;
};

}  // namespace airlock
