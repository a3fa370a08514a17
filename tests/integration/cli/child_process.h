// A program that runs beside the test.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace airlock {

// How it went.
struct ChildResult {
  // Exit code, or 128 and the number of the signal that ended it.
  int code = -1;
  std::string out;
  std::string err;
};

// Started when made; killed if it still runs when this goes. Used by one
// thread.
class ChildProcess {
 public:
  // Its standard input is `input`, which then ends.
  ChildProcess(const std::vector<std::string>& argv,
               const std::map<std::string, std::string>& environment,
               const std::string& input = "");
  // Its standard input is the descriptor, which stays the caller's.
  ChildProcess(const std::vector<std::string>& argv,
               const std::map<std::string, std::string>& environment,
               int input_fd);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Reads standard output until it holds `text` or ends.
  void ReadUntil(const std::string& text);
  void Signal(int number) const;
  // Reads both outputs to their ends and waits.
  ChildResult Wait();

 private:
  void Start(const std::vector<std::string>& argv,
             const std::map<std::string, std::string>& environment,
             int input_fd);

  pid_t pid_ = -1;
  int out_fd_ = -1;
  std::string out_;
  // Standard error goes to a file: nobody has to read it meanwhile.
  int err_fd_ = -1;
};

}  // namespace airlock
