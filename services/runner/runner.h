// The program itself: frames in, processes, frames out.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/runner/event_loop.h"
#include "services/runner/frame_io.h"
#include "services/runner/keepers.h"
#include "services/runner/messages.h"
#include "services/runner/process.h"
#include "services/runner/reaper.h"
#include "services/runner/unique_fd.h"
#include "services/runner/workspace.h"

namespace airlock::runner {

// Where a runner finds its world.
struct RunnerOptions {
  std::string workspace = "/workspace";
  std::string cgroup = "/sys/fs/cgroup";
  // The most files each process may have open. 0: as many as this program.
  std::uint64_t open_files = 0;
};

// How Run() ends.
enum RunnerExit : int {
  kExitGone = 0,      // the executor closed our standard input
  kExitFailed = 1,    // we could not begin
  kExitProtocol = 2,  // the executor broke the protocol
  kExitSilence = 3,   // the executor said nothing for too long
};

// Keeps to the protocol: its order, its numbers, its silence. One process at
// a time, or several `parallel` ones; any number after each other. Whatever
// ends it, everything in the sandbox is killed. Not thread-safe; one per
// program.
class Runner {
 public:
  // Reads frames from descriptor 0 and writes them to 1; all signals must be
  // blocked. `workspace` must outlive this. `oom_score_fd` may be invalid.
  Runner(const RunnerOptions& options, Workspace& workspace,
         UniqueFd oom_score_fd);
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Serves until the end; returns a RunnerExit.
  int Run();

 private:
  bool Watch();
  void OnInput();
  void OnChildren();
  void OnSilence();
  bool HandleMessage(std::string_view bytes);

  // One per frame. False, with `error_` set: the protocol is broken.
  bool Handle(std::monostate);
  bool Handle(const Configure& configure);
  bool Handle(Prepare& prepare);
  bool Handle(const FileChunk& chunk);
  bool Handle(const Start& start);
  bool Handle(StdinChunk& chunk);
  bool Handle(const OutputCredit& credit);
  bool Handle(const Kill& kill);
  bool Handle(const Ping& ping);

  // Whether `number` is known; sets `target` to the process if it has not
  // ended: frames for one that has may have crossed its Ended.
  bool Find(std::uint64_t number, Process*& target);
  bool Fail(std::string error);
  void BreakOff(const std::string& error);

  UniqueFd oom_score_fd_;
  EventLoop loop_;
  UniqueFd children_fd_;
  FrameReader reader_;
  FrameWriter writer_;
  Reaper reaper_;
  Keepers keepers_;
  // Behind the keepers, which give back what was made after them.
  std::vector<char> input_buffer_;
  ProcessContext context_;
  Timer silence_;
  std::chrono::milliseconds silence_limit_;
  bool configured_ = false;
  std::uint64_t last_number_ = 0;
  // Those that are not over, by number.
  std::map<std::uint64_t, std::unique_ptr<Process>> processes_;
  std::string error_;
};

}  // namespace airlock::runner
