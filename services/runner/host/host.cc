#include "services/runner/host/host.h"

#include <sys/random.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <utility>

#include "services/runner/complain.h"
#include "services/runner/host/door.h"
#include "services/runner/host/host_wire.h"

namespace airlock::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMaxCells = 256;
// Descriptors for all but cells that live: lines, strangers, spare cells, one
// that is being made. Without them no executor could come back.
constexpr std::size_t kOtherFiles = 64;
constexpr std::size_t kMaxStrangers = 4;
constexpr seconds kStrangerLimit(5);
constexpr seconds kAckInterval(2);
// Received since the last Ack.
constexpr std::size_t kAckBytes = std::size_t{256} << 10;
// Sent and not acknowledged: above it cells wait with what they say.
constexpr std::size_t kMaxUnacknowledged = std::size_t{8} << 20;
// Between looks at the time.
constexpr milliseconds kTick(500);
// Between looks at what the kernel tells nobody of.
constexpr milliseconds kLook(2);

std::string RandomId() {
  std::array<unsigned char, 16> bytes{};
  // Cannot fail for so few bytes once the kernel has started.
  [[maybe_unused]] const ssize_t count =
      ::getrandom(bytes.data(), bytes.size(), 0);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : bytes) {
    id.push_back(kDigits[byte >> 4U]);
    id.push_back(kDigits[byte & 15U]);
  }
  return id;
}

CellSpec SpecOf(const OpenCell& open) {
  CellSpec spec;
  spec.workspace_bytes = open.workspace_bytes;
  spec.tmp_bytes = open.tmp_bytes;
  spec.inodes = open.inodes;
  spec.uid = open.uid;
  spec.gid = open.gid;
  return spec;
}

// What is missing for one reason is told with one.
std::vector<std::string> TextsOf(const std::vector<Shortfall>& shortfalls) {
  std::vector<std::string> texts;
  texts.reserve(shortfalls.size());
  std::string what;
  for (std::size_t i = 0; i < shortfalls.size(); ++i) {
    const Shortfall& shortfall = shortfalls[i];
    what += (what.empty() ? "" : ", ") + shortfall.what;
    if (i + 1 < shortfalls.size() && shortfalls[i + 1].why == shortfall.why) {
      continue;
    }
    texts.push_back(std::exchange(what, {}) + ": " + shortfall.why);
  }
  return texts;
}

bool IsComplete(const OpenCell& open) {
  return open.memory_bytes > 0 && open.cpu_millis > 0 && open.pids > 0 &&
         open.workspace_bytes > 0 && open.tmp_bytes > 0 && open.inodes > 0 &&
         open.uid > 0 && open.gid > 0;
}

std::size_t CellsThatFit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < kOtherFiles) {
    return 0;
  }
  return std::min<std::size_t>(
      kMaxCells, (limit.rlim_cur - kOtherFiles) / HostCell::kFiles);
}

}  // namespace

Host::Host(Options options, UniqueFd listener, UniqueFd signals,
           CgroupTree tree)
    : options_(std::move(options)),
      listener_(std::move(listener)),
      signals_(std::move(signals)),
      spares_(options_.executor, {.hidden = options_.hidden}, std::move(tree)),
      id_(RandomId()),
      max_cells_(CellsThatFit()),
      heard_(Clock::now()),
      ack_sent_(heard_) {}

int Host::Run() {
  while (exit_code_ < 0) Turn();
  for (const auto& [number, cell] : cells_) cell->Kill("CLOSED", "");
  cells_.clear();
  return exit_code_;
}

void Host::Turn() {
  std::vector<pollfd> waits;
  AppendWaits(waits);
  ::poll(waits.data(), waits.size(), static_cast<int>(Patience().count()));
  const pollfd* next = waits.data();
  if ((next++)->revents != 0) return Stop(kHostSignaled);
  const bool somebody_came = (next++)->revents != 0;
  ServeCells(next);
  next += cells_.size() * HostCell::kWaits;
  const std::size_t strangers = strangers_.size();
  if (line_ != nullptr) {
    const pollfd* const of_line = next;
    next += 3;
    ServeStrangers(next, strangers);
    ServeLine(of_line);
  } else {
    ServeStrangers(next, strangers);
  }
  if (somebody_came) AdmitStranger();
  std::erase_if(cells_, [this](auto& entry) {
    if (!entry.second->over()) return false;
    sent_.Add(EncodeFrame(entry.second->End()));
    return true;
  });
  CheckTime();
  if (line_ != nullptr && !line_->Write(sent_)) line_.reset();
  spares_.Refill();
}

milliseconds Host::Patience() const {
  for (const auto& [number, cell] : cells_) {
    if (cell->leaving()) return kLook;
  }
  return spares_.Wait(kTick);
}

void Host::AppendWaits(std::vector<pollfd>& waits) const {
  waits.push_back({signals_.get(), POLLIN, 0});
  waits.push_back({listener_.get(), POLLIN, 0});
  const bool has_room = HasRoom();
  for (const auto& [number, cell] : cells_) cell->AppendWaits(has_room, waits);
  if (line_ != nullptr) line_->AppendWaits(sent_.has_next(), waits);
  for (const Stranger& stranger : strangers_) {
    stranger.line->AppendWaits(false, waits);
  }
}

bool Host::HasRoom() const { return sent_.bytes() < kMaxUnacknowledged; }

void Host::ServeCells(const pollfd* waits) {
  for (const auto& [number, cell] : cells_) {
    cell->Serve(waits, *this);
    waits += HostCell::kWaits;
  }
}

void Host::ServeLine(const pollfd* waits) {
  // A stranger may have become the line meanwhile: reading never blocks.
  if (line_ == nullptr || exit_code_ >= 0) return;
  const bool gone =
      (waits[2].revents != 0 && line_->IsDoorClosed()) ||
      (waits[0].revents != 0 && !line_->Read([this](std::string_view frame) {
        return HandleFrame(frame);
      }));
  if (gone) line_.reset();
}

void Host::ServeStrangers(const pollfd* waits, std::size_t count) {
  std::vector<Stranger> known = std::exchange(strangers_, {});
  for (std::size_t i = 0; i < count; ++i) {
    Stranger& stranger = known.at(i);
    const pollfd* its = waits + i * 3;
    bool stays = Clock::now() - stranger.since < kStrangerLimit &&
                 (its[2].revents == 0 || !stranger.line->IsDoorClosed());
    if (stays && its[0].revents != 0) {
      stays = stranger.line->Read([&](std::string_view frame) {
        // Once it is the line, what follows is the line's.
        return stranger.line == nullptr ? HandleFrame(frame)
                                        : Greet(stranger, frame);
      });
    }
    const bool became_line = stranger.line == nullptr;
    if (stays && !became_line) strangers_.push_back(std::move(stranger));
    if (!stays && became_line) line_.reset();
  }
}

void Host::AdmitStranger() {
  Visitor visitor = Admit(listener_.get());
  if (!visitor.out.valid() || strangers_.size() >= kMaxStrangers) return;
  auto line = std::make_unique<HostLine>(
      std::move(visitor.door), std::move(visitor.in), std::move(visitor.out));
  strangers_.push_back({std::move(line), Clock::now()});
}

bool Host::Greet(Stranger& stranger, std::string_view frame) {
  ToHost message;
  std::string error;
  if (!DecodeToHost(frame, message, error) ||
      !std::holds_alternative<Hello>(message)) {
    Refuse(*stranger.line,
           {"PROTOCOL_BROKEN", "the first frame must be Hello: " + error, 0});
    return false;
  }
  const Hello& hello = std::get<Hello>(message);
  if (hello.protocol_version != kHostProtocolVersion) {
    Refuse(*stranger.line, {"PROTOCOL_VERSION",
                            "the host speaks protocol 1: got " +
                                std::to_string(hello.protocol_version),
                            0});
    return false;
  }
  if (!boot_.empty() && hello.boot != boot_) {
    Refuse(*stranger.line,
           {"OTHER_BOOT", "the host kept cells of an executor that is no more",
            static_cast<std::uint32_t>(cells_.size())});
    Stop(kHostLeft);
    return false;
  }
  // It sent something, which it does only once it knows us, and knows us no
  // more: nobody would ever ask for the cells again.
  if (hello.host.empty() && received_ > 0) {
    Refuse(*stranger.line,
           {"OTHER_BOOT", "the host kept cells of an executor that forgot it",
            static_cast<std::uint32_t>(cells_.size())});
    Stop(kHostLeft);
    return false;
  }
  if (!hello.host.empty() && hello.host != id_) {
    Refuse(*stranger.line,
           {"OTHER_HOST", "the host that kept the cells is no more", 0});
    return false;
  }
  if (!sent_.Resume(hello.received)) {
    Refuse(*stranger.line,
           {"PROTOCOL_BROKEN", "no executor can have received that much", 0});
    return false;
  }
  boot_ = hello.boot;
  heard_ = Clock::now();
  line_ = std::move(stranger.line);
  line_->SendNow(EncodeFrame(Welcome{kHostProtocolVersion, id_, received_,
                                     TextsOf(options_.shortfalls)}));
  return true;
}

void Host::Refuse(HostLine& line, const Refused& refused) {
  // Into an empty pipe: it goes whole. What is numbered stays for others.
  SentFrames none;
  line.SendNow(EncodeFrame(refused));
  if (!line.Write(none)) Complain("cannot say " + refused.reason);
}

bool Host::HandleFrame(std::string_view frame) {
  heard_ = Clock::now();
  ToHost message;
  std::string error;
  bool ok = DecodeToHost(frame, message, error);
  if (ok && !std::holds_alternative<Ack>(message)) {
    ++received_;
    unacknowledged_bytes_ += frame.size();
  }
  ok = ok && std::visit([this](const auto& each) { return this->Handle(each); },
                        message);
  if (ok) {
    if (unacknowledged_bytes_ >= kAckBytes) SendAck();
    return exit_code_ < 0;
  }
  Refuse(*line_, {"PROTOCOL_BROKEN",
                  error.empty() ? "a frame that cannot be here" : error, 0});
  Stop(kHostBroken);
  return false;
}

bool Host::Handle(std::monostate) { return false; }

bool Host::Handle(const Hello& /*hello*/) { return false; }

bool Host::Handle(const Ack& ack) { return sent_.Acknowledge(ack.received); }

bool Host::Handle(const OpenCell& open) {
  if (open.cell <= last_cell_ || !IsComplete(open)) return false;
  last_cell_ = open.cell;
  Open(open);
  return true;
}

void Host::Open(const OpenCell& open) {
  const auto refuse = [&](std::string_view reason, std::string message) {
    sent_.Add(EncodeFrame(
        CellEnded{open.cell, std::string(reason), std::move(message), false}));
  };
  if (cells_.size() >= max_cells_) {
    return refuse(
        "NOT_MADE",
        "the host has as many cells as it may: " + std::to_string(max_cells_) +
            "; a higher limit of open files (ulimit -n) may do");
  }
  if (!open.best_effort && !options_.shortfalls.empty()) {
    return refuse("LIMITS_NOT_ENFORCED", TextsOf(options_.shortfalls).front());
  }
  std::string error;
  std::unique_ptr<HostCell> cell = spares_.Take(
      open.network, {open.memory_bytes, open.cpu_millis, open.pids}, error);
  if (cell == nullptr) return refuse("NOT_MADE", error);
  cell->Start(open.cell, SpecOf(open));
  cells_.emplace(open.cell, std::move(cell));
}

bool Host::Handle(const CellData& data) {
  const auto found = cells_.find(data.cell);
  // It may have crossed the cell's end.
  if (found == cells_.end()) return data.cell <= last_cell_;
  found->second->Write(data.data);
  return true;
}

bool Host::Handle(const CloseCell& close) {
  const auto found = cells_.find(close.cell);
  if (found == cells_.end()) return close.cell <= last_cell_;
  found->second->Kill("CLOSED", "the executor closed it");
  return true;
}

bool Host::Handle(const Leave& /*leave*/) {
  Stop(kHostLeft);
  return true;
}

void Host::OnCellData(std::uint64_t cell, std::string_view data) {
  sent_.Add(EncodeFrame(CellData{cell, data}));
}

void Host::OnCellComplaint(std::uint64_t cell, std::string_view text) {
  sent_.Add(EncodeFrame(CellComplaint{cell, text}));
}

void Host::CheckTime() {
  const auto now = Clock::now();
  if (now - heard_ > kSilenceLimit) return Stop(kHostSilence);
  if (now - ack_sent_ >= kAckInterval) SendAck();
}

void Host::SendAck() {
  ack_sent_ = Clock::now();
  unacknowledged_bytes_ = 0;
  if (line_ != nullptr) line_->SendNow(EncodeFrame(Ack{received_}));
}

void Host::Stop(int exit_code) {
  if (exit_code_ < 0) exit_code_ = exit_code;
}

}  // namespace airlock::runner
