// Cells of nobody yet.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "services/runner/cell/cell.h"
#include "services/runner/cell/cgroup_tree.h"
#include "services/runner/host/host_cell.h"

namespace airlock::runner {

// Keeps a few cells that wait for what they are to be: namespaces and a cgroup,
// and not a byte of anyone. Each is used once, by one cell. Where all are taken
// the next is made when it is asked for, and its start takes longer.
//
// Nothing is kept ahead before the first was asked for. Not thread-safe.
class SpareCells {
 public:
  static constexpr std::size_t kMost = 4;

  // Cgroups in `tree` are named `executor`, "-" and a number.
  SpareCells(std::string executor, CellSite site, CgroupTree tree);

  // One with these limits, to be started; with `network` it shares the host's.
  // Those that wait are of the kind that was taken last. nullptr: `error` says
  // why there is none.
  std::unique_ptr<HostCell> Take(bool network, const CgroupLimits& limits,
                                 std::string& error);

  // How long Refill() has nothing to do, at most `limit`.
  std::chrono::milliseconds Wait(std::chrono::milliseconds limit) const;

  // Makes one, if it is time for it.
  void Refill();

 private:
  using Clock = std::chrono::steady_clock;

  std::unique_ptr<HostCell> Make(std::string& error);
  void Drop();

  const std::string executor_;
  CellSite site_;
  const CgroupTree tree_;
  std::uint64_t made_ = 0;
  // The oldest is the first.
  std::deque<std::unique_ptr<HostCell>> spares_;
  // When the next is to be made; max: nothing is to be done.
  Clock::time_point due_ = Clock::time_point::max();
};

}  // namespace airlock::runner
