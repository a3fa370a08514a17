#include "services/runner/host/spare_cells.h"

#include <algorithm>
#include <utility>

#include "services/runner/complain.h"

namespace airlock::runner {
namespace {

using std::chrono::milliseconds;

// First whoever took one gets the processor.
constexpr milliseconds kPause(10);

}  // namespace

SpareCells::SpareCells(std::string executor, CellSite site, CgroupTree tree)
    : executor_(std::move(executor)),
      site_(std::move(site)),
      tree_(std::move(tree)) {}

std::unique_ptr<HostCell> SpareCells::Take(bool network,
                                           const CgroupLimits& limits,
                                           std::string& error) {
  if (network != site_.network) Drop();
  site_.network = network;
  std::unique_ptr<HostCell> cell;
  while (cell == nullptr && !spares_.empty()) {
    cell = std::move(spares_.front());
    spares_.pop_front();
    if (cell->HasEnded()) cell.reset();
  }
  // Not later with every one that is taken: they would run out.
  if (due_ == Clock::time_point::max()) due_ = Clock::now() + kPause;
  if (cell == nullptr) cell = Make(error);
  if (cell == nullptr) return nullptr;
  error = tree_.Limit(cell->cgroup(), limits);
  if (!error.empty()) return nullptr;
  return cell;
}

void SpareCells::Drop() {
  // All at once first: each takes the kernel a while to end.
  for (const auto& spare : spares_) spare->Kill("CLOSED", "");
  spares_.clear();
}

milliseconds SpareCells::Wait(milliseconds limit) const {
  if (due_ == Clock::time_point::max()) return limit;
  const auto left = std::chrono::ceil<milliseconds>(due_ - Clock::now());
  return std::clamp(left, milliseconds(0), limit);
}

void SpareCells::Refill() {
  if (Clock::now() < due_) return;
  std::string error;
  std::unique_ptr<HostCell> cell = Make(error);
  // Whoever asks for the next cell hears why, or has it made.
  if (cell == nullptr) Complain("no cell can be kept ahead: " + error);
  const bool made = cell != nullptr;
  if (made) spares_.push_back(std::move(cell));
  if (!made || spares_.size() >= kMost) due_ = Clock::time_point::max();
}

std::unique_ptr<HostCell> SpareCells::Make(std::string& error) {
  std::unique_ptr<Cgroup> cgroup =
      tree_.Make(executor_ + "-" + std::to_string(++made_), error);
  if (cgroup == nullptr) return nullptr;
  return HostCell::Make(site_, std::move(cgroup), error);
}

}  // namespace airlock::runner
