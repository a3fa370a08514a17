// The program that keeps the cells of one executor on a machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/resume/sent_frames.h"
#include "services/runner/cell/cgroup_tree.h"
#include "services/runner/cell/shortfall.h"
#include "services/runner/host/host_cell.h"
#include "services/runner/host/host_line.h"
#include "services/runner/host/host_messages.h"
#include "services/runner/host/spare_cells.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {

// How Host::Run() ends.
enum HostExit : int {
  kHostLeft = 0,      // the executor said so, or another boot of it came
  kHostFailed = 1,    // we could not begin
  kHostBroken = 2,    // the executor broke the protocol
  kHostSilence = 3,   // the executor said nothing for too long
  kHostSignaled = 4,  // somebody asked us to end
};

// Keeps to host.proto. Outlives its connections by its silence limit; whatever
// ends it, nothing of its cells is left. It waits with poll(2): the watches of
// epoll are counted by account, and its cells have the same. Not thread-safe.
class Host final : public CellListener {
 public:
  // Without a frame from the executor for this long it removes all cells and
  // exits.
  static constexpr std::chrono::seconds kSilenceLimit{15};

  struct Options {
    // For names of control groups.
    std::string executor;
    // Host paths nobody may see in a cell.
    std::vector<std::string> hidden;
    // What the machine cannot do for its cells.
    std::vector<Shortfall> shortfalls;
  };

  // `listener` is where connections come from, `signals` becomes readable when
  // somebody asks us to end.
  Host(Options options, UniqueFd listener, UniqueFd signals, CgroupTree tree);

  // Serves until the end; returns a HostExit.
  int Run();

  void OnCellData(std::uint64_t cell, std::string_view data) override;
  void OnCellComplaint(std::uint64_t cell, std::string_view text) override;

 private:
  using Clock = std::chrono::steady_clock;

  // A connection that has not said Hello.
  struct Stranger {
    std::unique_ptr<HostLine> line;
    Clock::time_point since;
  };

  void Turn();
  std::chrono::milliseconds Patience() const;
  void AppendWaits(std::vector<pollfd>& waits) const;
  void ServeLine(const pollfd* waits);
  void ServeStrangers(const pollfd* waits, std::size_t count);
  void ServeCells(const pollfd* waits);
  void AdmitStranger();
  // False: the stranger is not to stay where it is.
  bool Greet(Stranger& stranger, std::string_view frame);
  static void Refuse(HostLine& line, const Refused& refused);
  bool HandleFrame(std::string_view frame);

  // One per frame. False: the protocol is broken.
  static bool Handle(std::monostate);
  static bool Handle(const Hello& hello);
  bool Handle(const Ack& ack);
  bool Handle(const OpenCell& open);
  bool Handle(const CellData& data);
  bool Handle(const CloseCell& close);
  bool Handle(const Leave& leave);

  void Open(const OpenCell& open);
  void CheckTime();
  void SendAck();
  bool HasRoom() const;
  void Stop(int exit_code);

  const Options options_;
  const UniqueFd listener_;
  const UniqueFd signals_;
  SpareCells spares_;
  const std::string id_;
  const std::size_t max_cells_;
  // Of the executor. Empty: none came yet.
  std::string boot_;
  std::unique_ptr<HostLine> line_;
  std::vector<Stranger> strangers_;
  SentFrames sent_;
  std::uint64_t received_ = 0;
  std::size_t unacknowledged_bytes_ = 0;
  Clock::time_point heard_;
  Clock::time_point ack_sent_;
  std::uint64_t last_cell_ = 0;
  std::map<std::uint64_t, std::unique_ptr<HostCell>> cells_;
  int exit_code_ = -1;
};

}  // namespace airlock::runner
