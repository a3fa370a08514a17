// What an executor and a host say to each other, whatever carries it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "airlock/runner/v1/host.pb.h"
#include "common/resume/sent_frames.h"
#include "common/time/clock.h"
#include "services/executor/backends/ssh/cell_stream.h"
#include "services/executor/sandbox/frame_codec.h"

namespace airlock::executor {

// What a host told of itself.
struct HostFacts {
  // What it cannot enforce, each with the reason.
  std::vector<std::string> not_enforced;
};

// The protocol of host.proto, over one connection after another. Everything
// the host sends is checked. Begin(), Receive() and Lose() belong to one
// thread; the rest is thread-safe. Nothing blocks.
class HostTalk final : public CellSender {
 public:
  // Bytes that wait for the host, sent or not; a cell that would exceed them
  // is lost.
  static constexpr std::size_t kMaxUnacknowledged = std::size_t{64} << 20;

  // `boot` differs with each start of the executor. `wake` is called when there
  // is something to write; it must not block. `clock` must outlive this.
  HostTalk(std::string boot, std::function<void()> wake, const Clock& clock);

  // A new connection: forgets what was left of the one before and says Hello.
  void Begin() ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes what came. An error: the connection is of no more use. With reason
  // HOST_RENEWED another one would find a new host; the cells of the old one
  // are no more. Cells hear what is for them before it returns.
  absl::Status Receive(absl::string_view bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  // The next bytes to write. Empty: none.
  std::string NextToWrite() ABSL_LOCKS_EXCLUDED(mutex_);

  // Says what must be said from time to time; call it every second. Whether
  // the host was heard of late enough.
  bool Tick() ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether the host said Welcome on this connection.
  bool welcomed() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether a host has what is taken up again with the next connection.
  bool has_host() const ABSL_LOCKS_EXCLUDED(mutex_);
  HostFacts facts() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Cells of older boots that hosts removed since this was asked last.
  int TakeRemovedCells() ABSL_LOCKS_EXCLUDED(mutex_);

  // Asks for a cell. `request.cell` is chosen here.
  std::shared_ptr<Cell> Open(runner::v1::OpenCell request)
      ABSL_LOCKS_EXCLUDED(mutex_);

  void SendData(const std::shared_ptr<Cell>& cell, std::string data) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void SendClose(const std::shared_ptr<Cell>& cell) override
      ABSL_LOCKS_EXCLUDED(mutex_);

  bool IsHostThere() const override ABSL_LOCKS_EXCLUDED(mutex_);

  // Removes all cells; the host exits.
  void SendLeave() ABSL_LOCKS_EXCLUDED(mutex_);

  // Nothing more is said to this host, or heard of its cells. The next
  // connection is as of somebody who knows no host, which ends this one; its
  // cells are finished once another has said Welcome. Only then are they gone:
  // a machine has one host at a time, which leaves nothing behind.
  void Lose(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);

  // All cells are finished: their host is no more, or nobody will ask again.
  void Forget(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using CellMap = std::map<std::uint64_t, std::shared_ptr<Cell>>;

  absl::Status Handle(const runner::v1::FromHost& message)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status HandleWelcome(const runner::v1::Welcome& welcome)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status TakeWelcome(const runner::v1::Welcome& welcome)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status HandleRefused(const runner::v1::Refused& refused)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status HandleEnded(const runner::v1::CellEnded& ended)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // kDataLoss: it does not live.
  absl::StatusOr<std::shared_ptr<Cell>> Find(std::uint64_t number)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // 0: a frame that is not numbered.
  void CountReceived(std::size_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  void Add(const runner::v1::ToHost& message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AskForAck() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string MakeAck() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns the cells of the host, which is known no more.
  CellMap LeaveHost() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string boot_;
  const std::function<void()> wake_;
  const Clock& clock_;

  // Only Begin() and Receive().
  MessageDecoder<runner::v1::FromHost> decoder_;

  mutable absl::Mutex mutex_;
  // Of the host whose cells these are. Empty: none yet.
  std::string host_ ABSL_GUARDED_BY(mutex_);
  HostFacts facts_ ABSL_GUARDED_BY(mutex_);
  bool welcomed_ ABSL_GUARDED_BY(mutex_) = false;
  SentFrames sent_ ABSL_GUARDED_BY(mutex_);
  // Not numbered, on this connection only: Hello, and whether an Ack is due. A
  // host that does not read must not make them pile up.
  std::string hello_ ABSL_GUARDED_BY(mutex_);
  bool ack_due_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t received_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t unacknowledged_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration heard_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t last_cell_ ABSL_GUARDED_BY(mutex_) = 0;
  // Those that have not ended.
  CellMap cells_ ABSL_GUARDED_BY(mutex_);
  // Of hosts that were lost and may not have ended.
  CellMap lost_ ABSL_GUARDED_BY(mutex_);
  int removed_cells_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace airlock::executor
