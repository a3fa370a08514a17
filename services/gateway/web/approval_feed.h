// One stream of approvals for all who watch with the same token.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/gateway/http/http_exchange.h"
#include "services/gateway/web/upstream_stream.h"
#include "services/gateway/web/web_call.h"

namespace airlock::gateway {

// Takes WatchApprovals from the policy service once and hands each message to
// every watcher, so that a thousand tabs cost the policy service one stream and
// the gateway one message in JSON. A watcher that is slow misses changes
// between two states of an approval, never its newest state, and holds up
// nobody; what waits for it is bounded by the number of approvals. Thread-safe.
class ApprovalFeed final : public std::enable_shared_from_this<ApprovalFeed> {
 public:
  // `on_end` is called once, when nobody watches any more or the stream from
  // the policy service has ended; no watcher may be added then.
  ApprovalFeed(WebRoute route, std::function<void()> on_end)
      : route_(route), on_end_(std::move(on_end)) {}

  // Adds a watcher until `expire_time`; the first one's call starts the stream.
  // False: it has ended, and nothing was done.
  bool Watch(AdmittedWebCall& call, std::shared_ptr<HttpExchange> exchange,
             absl::Time expire_time) ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends those whose time is over.
  void Tick(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends all.
  void End(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Piece = std::shared_ptr<const std::string>;
  struct Watcher {
    std::shared_ptr<HttpExchange> exchange;
    std::shared_ptr<AdmittedCall> admitted;
    absl::Time expire_time;
    // What it has not been told yet, by approval; "~" says that all that is
    // pending was told: it sorts behind every id.
    std::map<std::string, Piece> due;
    bool writing = false;
  };

  void Start(AdmittedWebCall& call) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnResponse(const WebMethod& method, const grpc::ByteBuffer& response)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Tell(const std::string& key, bool is_pending, Piece piece)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void SendDue(std::uint64_t number) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnWritten(std::uint64_t number, bool ok) ABSL_LOCKS_EXCLUDED(mutex_);
  void Leave(std::uint64_t number) ABSL_LOCKS_EXCLUDED(mutex_);

  const WebRoute route_;
  absl::Mutex mutex_;
  std::function<void()> on_end_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, Watcher> watchers_ ABSL_GUARDED_BY(mutex_);
  // What a new watcher is told first: all that is pending.
  std::map<std::string, Piece> newest_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<UpstreamStream> upstream_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<void> open_ ABSL_GUARDED_BY(mutex_);
};

// The feeds, by token and request. Thread-safe.
class ApprovalFeeds {
 public:
  // `authenticator` and what the route names must outlive it.
  ApprovalFeeds(WebRoute route, Authenticator& authenticator)
      : route_(route), authenticator_(authenticator) {}

  // Answers a request for WatchApprovals with events.
  void Watch(AdmittedWebCall call, std::shared_ptr<HttpExchange> exchange,
             const WebSession& session, const std::string& json)
      ABSL_LOCKS_EXCLUDED(state_->mutex);

  // Ends the streams of sessions that are over and of tokens that were
  // withdrawn. To be called every second.
  void Tick(absl::Time now) ABSL_LOCKS_EXCLUDED(state_->mutex);

 private:
  using Key = std::pair<std::string, std::string>;
  // Feeds may outlive this by the end of their calls.
  struct State {
    absl::Mutex mutex;
    std::map<Key, std::shared_ptr<ApprovalFeed>> feeds ABSL_GUARDED_BY(mutex);
  };

  std::shared_ptr<ApprovalFeed> FeedOf(const Key& key)
      ABSL_LOCKS_EXCLUDED(state_->mutex);

  const WebRoute route_;
  Authenticator& authenticator_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace airlock::gateway
