#include "services/policy/dispatch/execution_feed.h"

#include <algorithm>
#include <utility>

#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using airlock::v1::ExecutionEvent;
using airlock::v1::OutputChunk;

// Progress beyond this many events is not told: it is for people who wait.
constexpr std::size_t kMaxEvents = 256;
// The longest piece of output that is told at once, if it came in several.
constexpr std::size_t kJoinedBytes = std::size_t{64} << 10U;

std::size_t IndexOf(airlock::v1::OutputStream stream) {
  return stream == airlock::v1::OUTPUT_STREAM_STDERR ? 1 : 0;
}

}  // namespace

void ExecutionFeed::Attach(WatcherId id, std::shared_ptr<EventSink> sink,
                           const WatchOptions& options,
                           const airlock::v1::Execution& now_at,
                           absl::Time time) {
  Watcher watcher;
  watcher.sink = std::move(sink);
  watcher.accepted.emplace();
  *watcher.accepted->mutable_event_time() = ToProto(time);
  *watcher.accepted->mutable_accepted() = now_at;
  watcher.next_event = events_.size();
  watcher.next_offset = {options.stdout_offset, options.stderr_offset};
  watcher.cancel_on_disconnect = options.cancel_on_disconnect;
  watcher.holds_credit =
      options.holds_credit &&
      std::none_of(watchers_.begin(), watchers_.end(),
                   [](const auto& other) { return other.second.holds_credit; });
  Advance(watchers_.emplace(id, std::move(watcher)).first);
}

void ExecutionFeed::Written(WatcherId id) {
  const auto found = watchers_.find(id);
  if (found == watchers_.end()) return;
  found->second.writing = false;
  Advance(found);
}

bool ExecutionFeed::Detach(WatcherId id) {
  const auto found = watchers_.find(id);
  if (found == watchers_.end()) return false;
  const bool cancel = found->second.cancel_on_disconnect;
  watchers_.erase(found);
  return cancel;
}

void ExecutionFeed::AddEvent(ExecutionEvent event) {
  if (event.has_prepare_progress() && events_.size() >= kMaxEvents) return;
  events_.push_back(std::move(event));
  AdvanceAll();
}

void ExecutionFeed::AddOutput(OutputChunk chunk) {
  if (output_.Append(std::move(chunk), Pinned()) > 0) AdvanceAll();
}

void ExecutionFeed::Complete(const airlock::v1::Execution& execution,
                             absl::Time time) {
  completed_.emplace();
  *completed_->mutable_event_time() = ToProto(time);
  *completed_->mutable_completed() = execution;
  AdvanceAll();
}

void ExecutionFeed::Abort(const absl::Status& status) {
  const Watchers watchers = std::exchange(watchers_, {});
  for (const auto& [id, watcher] : watchers) watcher.sink->Finish(status);
}

std::uint64_t ExecutionFeed::CreditLimit() const {
  for (const auto& [id, watcher] : watchers_) {
    if (watcher.holds_credit) {
      return output_.BytesBefore(watcher.next_chunk) + kOutputWindow;
    }
  }
  return output_.received() + kOutputWindow;
}

std::uint64_t ExecutionFeed::Pinned() const {
  for (const auto& [id, watcher] : watchers_) {
    if (watcher.holds_credit) return watcher.next_chunk;
  }
  return output_.next_number();
}

std::optional<ExecutionEvent> ExecutionFeed::NextEvent(Watcher& watcher) const {
  if (watcher.accepted.has_value()) {
    return std::exchange(watcher.accepted, std::nullopt);
  }
  if (watcher.next_event < events_.size()) {
    return events_[watcher.next_event++];
  }
  if (std::optional<ExecutionEvent> output = NextOutput(watcher)) return output;
  if (!completed_.has_value()) return std::nullopt;
  if (std::optional<ExecutionEvent> lost = NextLost(watcher)) return lost;
  return completed_;
}

std::optional<ExecutionEvent> ExecutionFeed::NextLost(Watcher& watcher) const {
  const airlock::v1::Usage& usage = completed_->completed().outcome().usage();
  const std::array<std::uint64_t, 2> written = {usage.stdout_bytes(),
                                                usage.stderr_bytes()};
  for (const airlock::v1::OutputStream stream :
       {airlock::v1::OUTPUT_STREAM_STDOUT, airlock::v1::OUTPUT_STREAM_STDERR}) {
    std::uint64_t& wanted = watcher.next_offset[IndexOf(stream)];
    const std::uint64_t end = written[IndexOf(stream)];
    if (wanted >= end) continue;
    ExecutionEvent event;
    event.mutable_output()->set_stream(stream);
    event.mutable_output()->set_offset(end);
    event.mutable_output()->set_skipped_bytes(end - wanted);
    wanted = end;
    return event;
  }
  return std::nullopt;
}

std::optional<ExecutionEvent> ExecutionFeed::NextOutput(
    Watcher& watcher) const {
  std::optional<ExecutionEvent> event = NextChunk(watcher);
  if (event.has_value()) JoinChunks(watcher, *event->mutable_output());
  return event;
}

void ExecutionFeed::JoinChunks(Watcher& watcher, OutputChunk& told) const {
  while (const auto entry = output_.At(watcher.next_chunk)) {
    const OutputChunk& chunk = *entry->chunk;
    std::uint64_t& wanted = watcher.next_offset[IndexOf(told.stream())];
    if (chunk.stream() != told.stream() || chunk.offset() != wanted ||
        told.data().size() + chunk.data().size() > kJoinedBytes) {
      return;
    }
    told.mutable_data()->reserve(kJoinedBytes);
    told.mutable_data()->append(chunk.data());
    wanted += chunk.data().size();
    watcher.next_chunk = entry->number + 1;
  }
}

std::optional<ExecutionEvent> ExecutionFeed::NextChunk(Watcher& watcher) const {
  while (const auto entry = output_.At(watcher.next_chunk)) {
    watcher.next_chunk = entry->number + 1;
    const OutputChunk& chunk = *entry->chunk;
    std::uint64_t& wanted = watcher.next_offset[IndexOf(chunk.stream())];
    const std::uint64_t end = chunk.offset() + chunk.data().size();
    if (end <= wanted) continue;
    ExecutionEvent event;
    OutputChunk& told = *event.mutable_output();
    told.set_stream(chunk.stream());
    if (chunk.offset() >= wanted) {
      told.set_skipped_bytes(chunk.offset() - wanted);
      told.set_offset(chunk.offset());
      told.set_data(chunk.data());
    } else {
      told.set_offset(wanted);
      told.set_data(chunk.data().substr(wanted - chunk.offset()));
    }
    wanted = end;
    return event;
  }
  return std::nullopt;
}

ExecutionFeed::Watchers::iterator ExecutionFeed::Advance(
    Watchers::iterator it) {
  Watcher& watcher = it->second;
  if (watcher.writing) return std::next(it);
  std::optional<ExecutionEvent> event = NextEvent(watcher);
  if (!event.has_value()) return std::next(it);
  if (event->has_completed()) {
    const std::shared_ptr<EventSink> sink = watcher.sink;
    const auto next = watchers_.erase(it);
    sink->SendLast(*std::move(event));
    return next;
  }
  watcher.writing = true;
  watcher.sink->Send(*std::move(event));
  return std::next(it);
}

void ExecutionFeed::AdvanceAll() {
  for (auto it = watchers_.begin(); it != watchers_.end();) it = Advance(it);
}

}  // namespace airlock::policy
