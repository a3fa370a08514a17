#include "services/runner/host/host_cell.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "services/runner/cgroup_counters.h"

namespace airlock::runner {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;
// Of all it ever says. The executor shows less.
constexpr std::size_t kMaxComplaints = 4096;
// What has just ended keeps its control group for a moment.
constexpr std::chrono::seconds kRemoveLimit(2);

bool WasOutOfMemory(const Cgroup& cgroup) {
  for (const CgroupFolder& folder : cgroup.folders()) {
    for (const char* name : {"/memory.oom_control", "/memory.events"}) {
      std::ifstream file(folder.path + name);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      if (FindCounter(text, "oom_kill").value_or(0) > 0) return true;
    }
  }
  return false;
}

}  // namespace

bool HostCell::Open(Pipe& pipe, bool we_read) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  pipe.read = UniqueFd(ends[0]);
  pipe.write = UniqueFd(ends[1]);
  const int ours = we_read ? ends[0] : ends[1];
  return ::fcntl(ours, F_SETFL, O_NONBLOCK) == 0;
}

HostCell::HostCell(const CellSite& site, std::unique_ptr<Cgroup> cgroup,
                   Pipes pipes)
    : cgroup_(std::move(cgroup)),
      cell_(site, *cgroup_,
            {pipes.input.read.get(), pipes.output.write.get(),
             pipes.complaints.write.get()}),
      input_(std::move(pipes.input.write)),
      output_(std::move(pipes.output.read)),
      complaints_(std::move(pipes.complaints.read)) {}

std::unique_ptr<HostCell> HostCell::Make(const CellSite& site,
                                         std::unique_ptr<Cgroup> cgroup,
                                         std::string& error) {
  Pipes pipes;
  if (!Open(pipes.input, false) || !Open(pipes.output, true) ||
      !Open(pipes.complaints, true)) {
    error = std::string("cannot make pipes: ") + std::strerror(errno);
    return nullptr;
  }
  std::unique_ptr<HostCell> cell(
      new HostCell(site, std::move(cgroup), std::move(pipes)));
  error = cell->cell_.error();
  if (!error.empty()) return nullptr;
  return cell;
}

void HostCell::Start(std::uint64_t number, const CellSpec& spec) {
  number_ = number;
  cell_.Start(spec);
}

void HostCell::Write(std::string_view data) {
  if (data.empty() || !input_.valid()) return;
  queued_bytes_ += data.size();
  if (queued_bytes_ > kMaxInput) {
    return Kill("RUNNER_STUCK", "the runner did not read what was sent");
  }
  queue_.emplace_back(data);
  WriteSome();
}

void HostCell::WriteSome() {
  while (input_.valid() && !queue_.empty()) {
    const std::string& front = queue_.front();
    const ssize_t count =
        ::write(input_.get(), front.data() + written_, front.size() - written_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) {
      // It has ended, or closed its input: the end says more.
      input_.Reset();
      queue_.clear();
      return;
    }
    written_ += static_cast<std::size_t>(count);
    if (written_ < front.size()) continue;
    queued_bytes_ -= front.size();
    queue_.pop_front();
    written_ = 0;
  }
}

void HostCell::Kill(std::string_view reason, std::string_view message) {
  if (reason_.empty()) {
    reason_ = reason;
    message_ = message;
  }
  input_.Reset();
  queue_.clear();
  cell_.Kill();
}

void HostCell::AppendWaits(bool may_read, std::vector<pollfd>& waits) const {
  const bool writes = input_.valid() && !queue_.empty();
  waits.push_back({writes ? input_.get() : -1, POLLOUT, 0});
  waits.push_back({may_read ? output_.get() : -1, POLLIN, 0});
  waits.push_back({may_read ? complaints_.get() : -1, POLLIN, 0});
  waits.push_back({cell_.pidfd(), POLLIN, 0});
  waits.push_back({cell_.report_fd(), POLLIN, 0});
}

void HostCell::Serve(const pollfd* waits, CellListener& listener) {
  if (waits[0].revents != 0) WriteSome();
  if (waits[1].revents != 0) ReadOutput(listener);
  if (waits[2].revents != 0) ReadComplaints(listener);
  // Before its end: why it could not start says more.
  cell_.ReadReport();
  if (!cell_.error().empty()) Kill("NOT_MADE", cell_.error());
  if (waits[3].revents != 0) Reap();
  if (reaped_ && !output_.valid() && !complaints_.valid()) RemoveCgroup();
}

void HostCell::ReadOutput(CellListener& listener) {
  std::array<char, kReadBytes> buffer;
  const ssize_t count = ::read(output_.get(), buffer.data(), buffer.size());
  if (count > 0) {
    listener.OnCellData(number_,
                        {buffer.data(), static_cast<std::size_t>(count)});
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    output_.Reset();
  }
}

void HostCell::ReadComplaints(CellListener& listener) {
  std::array<char, 1024> buffer;
  const ssize_t count = ::read(complaints_.get(), buffer.data(), buffer.size());
  if (count > 0) {
    const std::size_t taken =
        std::min(static_cast<std::size_t>(count), kMaxComplaints - complained_);
    complained_ += taken;
    if (taken > 0) listener.OnCellComplaint(number_, {buffer.data(), taken});
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    complaints_.Reset();
  }
}

void HostCell::Reap() {
  int status = 0;
  if (!cell_.Reap(status)) return;
  reaped_ = true;
  input_.Reset();
  if (!reason_.empty()) return;
  was_killed_ = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  reason_ = "RUNNER_EXITED";
  message_ = WIFEXITED(status) ? "the runner ended with exit code " +
                                     std::to_string(WEXITSTATUS(status))
                               : "the runner was killed by signal " +
                                     std::to_string(WTERMSIG(status));
}

void HostCell::RemoveCgroup() {
  if (!leaving_) {
    leaving_ = true;
    give_up_ = Clock::now() + kRemoveLimit;
    // Something in it may have been killed for memory long before.
    out_of_memory_ = was_killed_ && WasOutOfMemory(*cgroup_);
  }
  over_ = cgroup_->Remove(std::chrono::milliseconds(0));
  if (over_ || Clock::now() < give_up_) return;
  over_ = true;
  cgroup_->Abandon();
  message_ += "; its control group could not be removed";
}

CellEnded HostCell::End() const {
  return {number_, reason_, message_, out_of_memory_};
}

}  // namespace airlock::runner
