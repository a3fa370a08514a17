// One cell of the host program: its runner, its pipes, its end.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/runner/cell/cell.h"
#include "services/runner/cell/cgroup.h"
#include "services/runner/host/host_messages.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {

// Hears what a cell says.
class CellListener {
 public:
  virtual ~CellListener() = default;

  virtual void OnCellData(std::uint64_t cell, std::string_view data) = 0;
  virtual void OnCellComplaint(std::uint64_t cell, std::string_view text) = 0;
};

// Nothing blocks but destruction, which kills what is in it. Not thread-safe.
class HostCell {
 public:
  // Input that a runner has not read; more ends the cell.
  static constexpr std::size_t kMaxInput = std::size_t{32} << 20;

  // Makes its first process, which goes into `cgroup` and waits for Start().
  // nullptr: `error` says why not.
  static std::unique_ptr<HostCell> Make(const CellSite& site,
                                        std::unique_ptr<Cgroup> cgroup,
                                        std::string& error);
  HostCell(const HostCell&) = delete;
  HostCell& operator=(const HostCell&) = delete;

  // Its limits must be set before Start().
  const Cgroup& cgroup() const { return *cgroup_; }

  // Whether that process has ended while it waited: somebody outside killed it.
  bool HasEnded() const { return cell_.HasEnded(); }

  // Makes it cell `number`, once. A start that fails is told as its end.
  void Start(std::uint64_t number, const CellSpec& spec);

  // Sends to the runner, which reads it when it runs.
  void Write(std::string_view data);

  // Kills it; it is over() soon. `reason` and `message` are what ended() says.
  void Kill(std::string_view reason, std::string_view message);

  // What to wait for; always the same number of entries. Without `may_read`
  // its output stays where it is.
  void AppendWaits(bool may_read, std::vector<pollfd>& waits) const;
  static constexpr std::size_t kWaits = 5;
  // Descriptors that one holds, at most, once Start() was called.
  static constexpr std::size_t kFiles = 5;

  // Does what the kernel says is possible, `waits` being those it appended.
  // To be called now and then without any of it: some things take time.
  void Serve(const pollfd* waits, CellListener& listener);

  // Whether only its control group is left, which no descriptor tells of.
  bool leaving() const { return leaving_ && !over_; }

  // Whether nothing of it is left and all it said was heard.
  bool over() const { return over_; }

  // How it ended, once it is over().
  CellEnded End() const;

 private:
  // A pipe; our end of it does not block.
  struct Pipe {
    UniqueFd read;
    UniqueFd write;
  };
  struct Pipes {
    Pipe input;
    Pipe output;
    Pipe complaints;
  };
  using Clock = std::chrono::steady_clock;

  static bool Open(Pipe& pipe, bool we_read);
  HostCell(const CellSite& site, std::unique_ptr<Cgroup> cgroup, Pipes pipes);

  void WriteSome();
  void ReadOutput(CellListener& listener);
  void ReadComplaints(CellListener& listener);
  void Reap();
  void RemoveCgroup();

  std::uint64_t number_ = 0;
  std::unique_ptr<Cgroup> cgroup_;
  // Its process goes before its cgroup.
  Cell cell_;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd complaints_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  // Of queue_.front().
  std::size_t written_ = 0;
  std::size_t complained_ = 0;
  bool reaped_ = false;
  bool leaving_ = false;
  // To its removal, once it is leaving.
  Clock::time_point give_up_;
  bool over_ = false;
  // The runner, by SIGKILL that was not ours: by the kernel, or somebody
  // outside.
  bool was_killed_ = false;
  bool out_of_memory_ = false;
  std::string reason_;
  std::string message_;
};

}  // namespace airlock::runner
