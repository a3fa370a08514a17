#include "services/policy/rpc/stdin_call.h"

#include <utility>

#include "common/rpc/status.h"

namespace airlock::policy {

std::shared_ptr<StdinCall> StdinCall::Make(
    Dispatcher& dispatcher, airlock::v1::WriteStdinResponse* response) {
  std::shared_ptr<StdinCall> call(new StdinCall(dispatcher, response));
  call->self_ = call;
  return call;
}

void StdinCall::Begin(const Principal& principal,
                      const airlock::v1::WriteStdinRequest& request) {
  execution_id_ = request.id();
  InputWrite write;
  write.id = write_;
  write.offset = request.offset();
  write.data = request.data();
  write.close = request.close();
  write.done = [self = shared_from_this()](auto answer) {
    self->Answer(std::move(answer));
  };
  dispatcher_.WriteStdin(principal, execution_id_, std::move(write));
}

void StdinCall::Answer(absl::StatusOr<airlock::v1::WriteStdinResponse> answer) {
  absl::MutexLock lock(&mutex_);
  if (std::exchange(finished_, true)) return;
  if (answer.ok()) *response_ = *std::move(answer);
  Finish(ToGrpcStatus(answer.status()));
}

void StdinCall::OnCancel() {
  dispatcher_.AbandonWrite(execution_id_, write_);
  Answer(absl::CancelledError("the client has gone away"));
}

}  // namespace airlock::policy
