#include "services/policy/rpc/executor_link_handler.h"

#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/status.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectRequest;
using airlock::internal::v1::ConnectResponse;

// Messages that wait to be written to one executor. Each job needs a handful;
// an executor that does not read is given up.
constexpr std::size_t kMaxWaiting = 10'000;

// One executor's stream. gRPC owns it until OnDone, the dispatcher as long as
// it may send.
class ExecutorLink final
    : public grpc::ServerBidiReactor<ConnectRequest, ConnectResponse>,
      public ExecutorChannel,
      public std::enable_shared_from_this<ExecutorLink> {
 public:
  static std::shared_ptr<ExecutorLink> Make(Dispatcher& dispatcher) {
    std::shared_ptr<ExecutorLink> link(new ExecutorLink(dispatcher));
    link->self_ = link;
    return link;
  }

  void Begin() { StartRead(&incoming_); }

  void Send(ConnectResponse message) override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    if (waiting_.size() >= kMaxWaiting) {
      FinishLocked(MakeError(absl::StatusCode::kResourceExhausted,
                             "LINK_OVERFULL",
                             "the executor does not read its messages"));
      return;
    }
    waiting_.push_back(std::move(message));
    if (waiting_.size() == 1) StartWrite(&waiting_.front());
  }

  void Close(const absl::Status& status) override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    FinishLocked(status);
  }

 private:
  explicit ExecutorLink(Dispatcher& dispatcher)
      : dispatcher_(dispatcher), link_(dispatcher.NewLink()) {}

  void FinishLocked(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (std::exchange(finished_, true)) return;
    Finish(ToGrpcStatus(status));
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Close(absl::OkStatus());
      return;
    }
    dispatcher_.OnMessage(link_, shared_from_this(), std::move(incoming_));
    incoming_.Clear();
    absl::MutexLock lock(&mutex_);
    if (!finished_) StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    waiting_.pop_front();
    if (ok && !finished_ && !waiting_.empty()) StartWrite(&waiting_.front());
  }

  void OnCancel() override {
    Close(absl::CancelledError("the executor has gone away"));
  }

  void OnDone() override {
    dispatcher_.OnLinkClosed(link_);
    self_.reset();
  }

  Dispatcher& dispatcher_;
  const LinkId link_;
  // Until OnDone: gRPC knows it only by its address.
  std::shared_ptr<ExecutorLink> self_;
  ConnectRequest incoming_;
  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // The first one is under way.
  std::deque<ConnectResponse> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

grpc::ServerBidiReactor<ConnectRequest, ConnectResponse>*
ExecutorLinkHandler::Connect(grpc::CallbackServerContext* context) {
  std::shared_ptr<ExecutorLink> link = ExecutorLink::Make(dispatcher_);
  const absl::Status allowed = caller_.AuthorizePeer(
      "airlock.internal.v1.ExecutorLinkService.Connect", *context);
  if (allowed.ok()) {
    link->Begin();
  } else {
    link->Close(allowed);
  }
  return link.get();
}

}  // namespace airlock::policy
