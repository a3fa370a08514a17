#include "services/gateway/web/approval_feed.h"

#include <vector>

#include "absl/time/clock.h"
#include "airlock/v1/approval.pb.h"
#include "common/rpc/status.h"
#include "services/gateway/web/stream_call.h"
#include "services/gateway/web/web_session.h"

namespace airlock::gateway {
namespace {

using airlock::v1::Approval;
using airlock::v1::WatchApprovalsResponse;

constexpr char kAllTold[] = "~";

// One piece for all that is due: a single one as it is.
std::shared_ptr<const std::string> Joined(
    const std::map<std::string, std::shared_ptr<const std::string>>& due) {
  if (due.size() == 1) return due.begin()->second;
  std::string all;
  for (const auto& [id, piece] : due) all += *piece;
  return std::make_shared<const std::string>(std::move(all));
}

}  // namespace

bool ApprovalFeed::Watch(AdmittedWebCall& call,
                         std::shared_ptr<HttpExchange> exchange,
                         absl::Time expire_time) {
  std::uint64_t number = 0;
  bool is_first = false;
  {
    absl::MutexLock lock(&mutex_);
    if (ended_) return false;
    number = next_++;
    is_first = number == 0;
    watchers_[number] = {exchange, call.admitted, expire_time, newest_, true};
  }
  const StreamForm form = EventStreamForm();
  exchange->StartStream(
      form.head, form.idle,
      [self = shared_from_this(), number] { self->Leave(number); });
  if (is_first) Start(call);
  SendDue(number);
  return true;
}

void ApprovalFeed::Start(AdmittedWebCall& call) {
  const auto self = shared_from_this();
  // Others may watch for longer than who came first.
  call.upstream.deadline = absl::Now() + call.method->relayed.longest;
  const auto upstream = UpstreamStream::Make(
      std::move(call.upstream),
      {[self, method = call.method](const grpc::ByteBuffer& response) {
         self->OnResponse(*method, response);
       },
       [self](const grpc::Status& status) {
         self->End(FromGrpcStatus(StatusForAgent(status)));
       }});
  {
    absl::MutexLock lock(&mutex_);
    // The one watcher may be gone already.
    if (ended_) return;
    upstream_ = upstream;
    open_ = route_.open.Enter([upstream] { upstream->Cancel(); });
  }
  upstream->Start(route_.policy.stub());
}

void ApprovalFeed::OnResponse(const WebMethod& method,
                              const grpc::ByteBuffer& response) {
  const auto message = ParseResponse(method, response);
  const auto* watched =
      google::protobuf::DynamicCastToGenerated<WatchApprovalsResponse>(
          message.get());
  if (watched != nullptr) {
    const bool is_approval = watched->has_approval();
    Tell(is_approval ? watched->approval().id() : kAllTold,
         !is_approval || watched->approval().state() == Approval::STATE_PENDING,
         std::make_shared<const std::string>(EventOf(*watched)));
  }
  std::shared_ptr<UpstreamStream> upstream;
  {
    absl::MutexLock lock(&mutex_);
    upstream = upstream_;
  }
  if (upstream != nullptr) upstream->Next();
}

void ApprovalFeed::Tell(const std::string& key, bool is_pending, Piece piece) {
  std::vector<std::uint64_t> idle;
  {
    absl::MutexLock lock(&mutex_);
    if (is_pending) {
      newest_[key] = piece;
    } else {
      newest_.erase(key);
    }
    for (auto& [number, watcher] : watchers_) {
      watcher.due[key] = piece;
      if (std::exchange(watcher.writing, true)) continue;
      idle.push_back(number);
    }
  }
  for (const std::uint64_t number : idle) SendDue(number);
}

void ApprovalFeed::SendDue(std::uint64_t number) {
  std::shared_ptr<HttpExchange> exchange;
  Piece piece;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = watchers_.find(number);
    if (it == watchers_.end()) return;
    Watcher& watcher = it->second;
    if (watcher.due.empty()) {
      watcher.writing = false;
      return;
    }
    piece = Joined(watcher.due);
    watcher.due.clear();
    exchange = watcher.exchange;
  }
  // Without the lock: it may call back at once.
  exchange->Write(std::move(piece),
                  [self = shared_from_this(), number](bool ok) {
                    ok ? self->SendDue(number) : self->Leave(number);
                  });
}

void ApprovalFeed::Leave(std::uint64_t number) {
  bool is_last = false;
  {
    absl::MutexLock lock(&mutex_);
    is_last = watchers_.erase(number) > 0 && watchers_.empty();
  }
  if (is_last) End(absl::OkStatus());
}

void ApprovalFeed::Tick(absl::Time now) {
  std::map<std::uint64_t, std::shared_ptr<HttpExchange>> over;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [number, watcher] : watchers_) {
      if (now >= watcher.expire_time) over[number] = watcher.exchange;
    }
  }
  const auto last =
      std::make_shared<const std::string>(LastEvent(NotSignedInError()));
  for (const auto& [number, exchange] : over) {
    exchange->Write(last, nullptr);
    exchange->Finish();
    Leave(number);
  }
}

void ApprovalFeed::End(const absl::Status& why) {
  std::map<std::uint64_t, Watcher> watchers;
  std::function<void()> on_end;
  std::shared_ptr<UpstreamStream> upstream;
  std::shared_ptr<void> open;
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
    watchers.swap(watchers_);
    on_end = std::exchange(on_end_, nullptr);
    upstream = std::exchange(upstream_, nullptr);
    open = std::exchange(open_, nullptr);
  }
  if (on_end) on_end();
  if (upstream != nullptr) upstream->Cancel();
  const auto last = std::make_shared<const std::string>(LastEvent(why));
  for (const auto& [number, watcher] : watchers) {
    watcher.exchange->Write(last, nullptr);
    watcher.exchange->Finish();
  }
}

std::shared_ptr<ApprovalFeed> ApprovalFeeds::FeedOf(const Key& key) {
  absl::MutexLock lock(&state_->mutex);
  std::shared_ptr<ApprovalFeed>& feed = state_->feeds[key];
  if (feed != nullptr) return feed;
  feed = std::make_shared<ApprovalFeed>(route_, [state = state_, key] {
    absl::MutexLock locked(&state->mutex);
    state->feeds.erase(key);
  });
  return feed;
}

void ApprovalFeeds::Watch(AdmittedWebCall call,
                          std::shared_ptr<HttpExchange> exchange,
                          const WebSession& session, const std::string& json) {
  const Key key(session.token, json);
  // One that is ending has left the table, or is about to.
  while (!FeedOf(key)->Watch(call, exchange, session.expire_time)) {
  }
}

void ApprovalFeeds::Tick(absl::Time now) {
  std::map<Key, std::shared_ptr<ApprovalFeed>> feeds;
  {
    absl::MutexLock lock(&state_->mutex);
    feeds = state_->feeds;
  }
  for (const auto& [key, feed] : feeds) {
    const absl::Status known = authenticator_.Authenticate(key.first).status();
    known.ok() ? feed->Tick(now) : feed->End(known);
  }
}

}  // namespace airlock::gateway
