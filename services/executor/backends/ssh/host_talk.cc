#include "services/executor/backends/ssh/host_talk.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/text_escape/escape.h"

namespace airlock::executor {
namespace {

constexpr std::uint32_t kProtocolVersion = 1;
// A host says something every 2 s. Well below the 15 s after which it and its
// runners give up, so that there is time for another connection.
constexpr absl::Duration kSilenceLimit = absl::Seconds(6);
// Received since the last Ack.
constexpr std::size_t kAckBytes = std::size_t{256} << 10;
// Of CellData, which must fit into a frame.
constexpr std::size_t kMaxPiece = std::size_t{256} << 10;
constexpr std::size_t kMaxFacts = 16;
constexpr std::size_t kMaxTextBytes = 1000;
constexpr int kMaxRemovedCells = 1'000'000;
// Why a host may say that a cell ended: callers are told the word.
constexpr std::array<absl::string_view, 5> kEndReasons = {
    "CLOSED", "RUNNER_EXITED", "NOT_MADE", "LIMITS_NOT_ENFORCED",
    "RUNNER_STUCK"};

// What a host wrote, for people.
std::string ShownText(absl::string_view text) {
  return EscapeText(text.substr(0, kMaxTextBytes));
}

// What could be too long was cut before.
std::string Frame(const runner::v1::ToHost& message) {
  std::string frame;
  return AppendFrame(message, frame).ok() ? frame : "";
}

absl::Status RenewedError(absl::string_view message) {
  return MakeError(absl::StatusCode::kUnavailable, "HOST_RENEWED", message);
}

}  // namespace

HostTalk::HostTalk(std::string boot, std::function<void()> wake,
                   const Clock& clock)
    : boot_(std::move(boot)),
      wake_(std::move(wake)),
      clock_(clock),
      heard_(clock.Monotonic()) {}

void HostTalk::Begin() {
  decoder_ = {};
  absl::MutexLock lock(&mutex_);
  welcomed_ = false;
  ack_due_ = false;
  unacknowledged_bytes_ = 0;
  heard_ = clock_.Monotonic();
  runner::v1::ToHost message;
  runner::v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol_version(kProtocolVersion);
  hello.set_boot(boot_);
  hello.set_host(host_);
  hello.set_received(received_);
  hello_ = Frame(message);
}

absl::Status HostTalk::Receive(absl::string_view bytes) {
  return decoder_.Feed(bytes, [this](const runner::v1::FromHost& message) {
    return Handle(message);
  });
}

std::string HostTalk::NextToWrite() {
  absl::MutexLock lock(&mutex_);
  if (!hello_.empty()) return std::exchange(hello_, "");
  if (ack_due_) return MakeAck();
  // Before Welcome nobody knows what the host has already.
  const std::string* next = welcomed_ ? sent_.Next() : nullptr;
  return next == nullptr ? "" : *next;
}

bool HostTalk::Tick() {
  absl::MutexLock lock(&mutex_);
  if (welcomed_) AskForAck();
  return clock_.Monotonic() - heard_ < kSilenceLimit;
}

bool HostTalk::welcomed() const {
  absl::MutexLock lock(&mutex_);
  return welcomed_;
}

bool HostTalk::has_host() const {
  absl::MutexLock lock(&mutex_);
  return !host_.empty();
}

HostFacts HostTalk::facts() const {
  absl::MutexLock lock(&mutex_);
  return facts_;
}

int HostTalk::TakeRemovedCells() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(removed_cells_, 0);
}

std::shared_ptr<Cell> HostTalk::Open(runner::v1::OpenCell request) {
  std::shared_ptr<Cell> cell;
  {
    absl::MutexLock lock(&mutex_);
    cell = std::make_shared<Cell>(++last_cell_);
    cells_.emplace(cell->number(), cell);
    runner::v1::ToHost message;
    request.set_cell(cell->number());
    *message.mutable_open_cell() = std::move(request);
    Add(message);
  }
  wake_();
  return cell;
}

void HostTalk::SendData(const std::shared_ptr<Cell>& cell, std::string data) {
  bool too_much = false;
  {
    absl::MutexLock lock(&mutex_);
    if (!cells_.contains(cell->number())) return;
    too_much = sent_.bytes() + data.size() > kMaxUnacknowledged;
    for (std::size_t at = 0; at < data.size() && !too_much; at += kMaxPiece) {
      runner::v1::ToHost message;
      message.mutable_cell_data()->set_cell(cell->number());
      message.mutable_cell_data()->set_data(data.substr(at, kMaxPiece));
      Add(message);
    }
  }
  if (too_much) {
    SendClose(cell);
    // It is gone only once the host says so.
    cell->HangUp(absl::ResourceExhaustedError(
        "too much waits for a host that does not take it"));
  }
  wake_();
}

void HostTalk::SendClose(const std::shared_ptr<Cell>& cell) {
  {
    absl::MutexLock lock(&mutex_);
    if (!cells_.contains(cell->number()) || cell->AskClose()) return;
    runner::v1::ToHost message;
    message.mutable_close_cell()->set_cell(cell->number());
    Add(message);
  }
  wake_();
}

void HostTalk::SendLeave() {
  {
    absl::MutexLock lock(&mutex_);
    runner::v1::ToHost message;
    message.mutable_leave();
    Add(message);
  }
  wake_();
}

bool HostTalk::IsHostThere() const {
  absl::MutexLock lock(&mutex_);
  return welcomed_ && clock_.Monotonic() - heard_ < kSilenceLimit;
}

void HostTalk::Lose(const absl::Status& why) {
  CellMap lost;
  {
    absl::MutexLock lock(&mutex_);
    lost = LeaveHost();
    lost_.insert(lost.begin(), lost.end());
  }
  for (const auto& [number, cell] : lost) cell->HangUp(why);
}

void HostTalk::Forget(const absl::Status& why) {
  CellMap gone;
  {
    absl::MutexLock lock(&mutex_);
    gone = LeaveHost();
    gone.merge(lost_);
    lost_.clear();
  }
  for (const auto& [number, cell] : gone) cell->Finish(std::nullopt, why);
}

HostTalk::CellMap HostTalk::LeaveHost() {
  host_.clear();
  received_ = 0;
  sent_ = {};
  welcomed_ = false;
  return std::exchange(cells_, {});
}

absl::Status HostTalk::Handle(const runner::v1::FromHost& message) {
  using runner::v1::FromHost;
  const auto kind = message.frame_case();
  if (kind == FromHost::kRefused) return HandleRefused(message.refused());
  if ((kind == FromHost::kWelcome) == welcomed()) {
    return absl::DataLossError("the first frame of a host must be Welcome");
  }
  if (kind == FromHost::kWelcome) return HandleWelcome(message.welcome());
  CountReceived(kind == FromHost::kAck ? 0 : message.ByteSizeLong());
  switch (kind) {
    case FromHost::kAck: {
      absl::MutexLock lock(&mutex_);
      return sent_.Acknowledge(message.ack().received())
                 ? absl::OkStatus()
                 : absl::DataLossError("a host acknowledged what was not sent");
    }
    case FromHost::kCellData: {
      const auto cell = Find(message.cell_data().cell());
      if (cell.ok()) (*cell)->Deliver(message.cell_data().data());
      return cell.status();
    }
    case FromHost::kCellComplaint: {
      const auto cell = Find(message.cell_complaint().cell());
      if (cell.ok()) (*cell)->Complain(message.cell_complaint().text());
      return cell.status();
    }
    case FromHost::kCellEnded:
      return HandleEnded(message.cell_ended());
    default:
      return absl::DataLossError("an unknown frame of a host");
  }
}

absl::Status HostTalk::HandleWelcome(const runner::v1::Welcome& welcome) {
  CellMap gone;
  {
    absl::MutexLock lock(&mutex_);
    absl::Status taken = TakeWelcome(welcome);
    if (!taken.ok()) return taken;
    gone = std::exchange(lost_, {});
  }
  for (const auto& [number, cell] : gone) {
    cell->Finish(std::nullopt,
                 absl::UnavailableError("the host that kept it is no more"));
  }
  return absl::OkStatus();
}

absl::Status HostTalk::TakeWelcome(const runner::v1::Welcome& welcome) {
  if (welcome.protocol_version() != kProtocolVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the host program must speak protocol 1: got ",
                     welcome.protocol_version()));
  }
  if (welcome.host().empty() || (!host_.empty() && welcome.host() != host_)) {
    return absl::DataLossError("a host welcomed as another one");
  }
  if (!sent_.Resume(welcome.received())) {
    return absl::DataLossError("a host has received what was not sent");
  }
  host_ = welcome.host();
  facts_.not_enforced.clear();
  for (const std::string& text : welcome.not_enforced()) {
    if (facts_.not_enforced.size() == kMaxFacts) break;
    facts_.not_enforced.push_back(ShownText(text));
  }
  welcomed_ = true;
  heard_ = clock_.Monotonic();
  return absl::OkStatus();
}

absl::Status HostTalk::HandleRefused(const runner::v1::Refused& refused) {
  const std::string message =
      absl::StrCat("the host program refused the connection: ",
                   ShownText(refused.message()));
  if (refused.reason() == "OTHER_BOOT") {
    absl::MutexLock lock(&mutex_);
    // A host may say any number.
    removed_cells_ = std::min(
        kMaxRemovedCells,
        removed_cells_ + static_cast<int>(std::min<std::uint32_t>(
                             refused.removed_cells(), kMaxRemovedCells)));
    return RenewedError(message);
  }
  // Another one is in its place already.
  if (refused.reason() == "OTHER_HOST") {
    Forget(absl::UnavailableError(message));
    return RenewedError(message);
  }
  Lose(absl::UnavailableError(message));
  return absl::UnavailableError(message);
}

absl::Status HostTalk::HandleEnded(const runner::v1::CellEnded& ended) {
  if (std::ranges::find(kEndReasons, ended.reason()) == kEndReasons.end()) {
    return absl::DataLossError("a host ended a cell for an unknown reason");
  }
  std::shared_ptr<Cell> cell;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = cells_.find(ended.cell());
    if (found == cells_.end()) {
      return absl::DataLossError("a host ended a cell that does not live");
    }
    cell = std::move(found->second);
    cells_.erase(found);
  }
  const CellEnd end{ended.reason(), ShownText(ended.message()),
                    ended.out_of_memory()};
  cell->Finish(end, absl::UnavailableError(end.message));
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Cell>> HostTalk::Find(std::uint64_t number) {
  absl::MutexLock lock(&mutex_);
  const auto found = cells_.find(number);
  if (found == cells_.end()) {
    return absl::DataLossError("a frame of a cell that does not live");
  }
  return found->second;
}

void HostTalk::CountReceived(std::size_t bytes) {
  absl::MutexLock lock(&mutex_);
  heard_ = clock_.Monotonic();
  if (bytes == 0) return;
  ++received_;
  unacknowledged_bytes_ += bytes;
  if (unacknowledged_bytes_ >= kAckBytes) AskForAck();
}

void HostTalk::Add(const runner::v1::ToHost& message) {
  std::string frame = Frame(message);
  if (!frame.empty()) sent_.Add(std::move(frame));
}

void HostTalk::AskForAck() {
  unacknowledged_bytes_ = 0;
  ack_due_ = true;
}

std::string HostTalk::MakeAck() {
  ack_due_ = false;
  runner::v1::ToHost message;
  message.mutable_ack()->set_received(received_);
  return Frame(message);
}

}  // namespace airlock::executor
