// One cell of the host program: its runner, its pipes, its end.
#pragma once

#include <poll.h>

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

// Nothing blocks but making and removing it, for milliseconds. Not
// thread-safe. Destruction kills what is in it.
class HostCell {
 public:
  // Input that a runner has not read; more ends the cell.
  static constexpr std::size_t kMaxInput = std::size_t{32} << 20;

  // Starts it in `cgroup`. nullptr: `error` says why not.
  static std::unique_ptr<HostCell> Make(std::uint64_t number,
                                        const CellSpec& spec,
                                        std::unique_ptr<Cgroup> cgroup,
                                        std::string& error);
  ~HostCell();
  HostCell(const HostCell&) = delete;
  HostCell& operator=(const HostCell&) = delete;

  // Sends to the runner.
  void Write(std::string_view data);

  // Kills it; it is over() soon. `reason` and `message` are what ended() says.
  void Kill(std::string_view reason, std::string_view message);

  // What to wait for; always the same number of entries. Without `may_read`
  // its output stays where it is.
  void AppendWaits(bool may_read, std::vector<pollfd>& waits) const;
  static constexpr std::size_t kWaits = 4;
  // Descriptors that one holds, at most.
  static constexpr std::size_t kFiles = 4;

  // Does what the kernel says is possible, `waits` being those it appended.
  void Serve(const pollfd* waits, CellListener& listener);

  // Whether nothing of it runs and all it said was heard.
  bool over() const { return over_; }

  // How it ended, once it is over(). Removes its control group.
  CellEnded End();

 private:
  explicit HostCell(std::uint64_t number) : number_(number) {}

  void WriteSome();
  void ReadOutput(CellListener& listener);
  void ReadComplaints(CellListener& listener);
  void Reap();

  std::uint64_t number_ = 0;
  std::unique_ptr<Cgroup> cgroup_;
  // -1: reaped.
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd complaints_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  // Of queue_.front().
  std::size_t written_ = 0;
  std::size_t complained_ = 0;
  bool over_ = false;
  // The runner, by SIGKILL that was not ours: by the kernel, or somebody
  // outside.
  bool was_killed_ = false;
  std::string reason_;
  std::string message_;
};

}  // namespace airlock::runner
