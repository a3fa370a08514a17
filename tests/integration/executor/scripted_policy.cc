#include "tests/integration/executor/scripted_policy.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/time/proto_time.h"

namespace airlock::executor {

class ScriptedPolicy::Stream final
    : public grpc::ServerBidiReactor<FromExecutor, FromPolicy> {
 public:
  static std::shared_ptr<Stream> Open(ScriptedPolicy& policy) {
    auto stream = std::make_shared<Stream>(policy);
    stream->self_ = stream;
    stream->StartRead(&stream->incoming_);
    return stream;
  }
  explicit Stream(ScriptedPolicy& policy) : policy_(policy) {}

  void Write(FromPolicy message) {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(std::move(message));
    WriteNext();
  }
  void End() {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(finished_, true)) return;
    Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "as the test asked"));
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      End();
      return;
    }
    if (const auto self = self_) policy_.HandleMessage(self, incoming_);
    incoming_.Clear();
    StartRead(&incoming_);
  }
  void OnWriteDone(bool /*ok*/) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    WriteNext();
  }
  void OnCancel() override { End(); }
  void OnDone() override { const auto self = std::move(self_); }

 private:
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_ || waiting_.empty()) return;
    outgoing_ = std::move(waiting_.front());
    waiting_.pop_front();
    writing_ = true;
    StartWrite(&outgoing_);
  }

  ScriptedPolicy& policy_;
  std::shared_ptr<Stream> self_;
  FromExecutor incoming_;
  FromPolicy outgoing_;
  absl::Mutex mutex_;
  std::deque<FromPolicy> waiting_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

ScriptedPolicy::ScriptedPolicy(absl::Duration heartbeat)
    : heartbeat_(heartbeat) {}

ScriptedPolicy::~ScriptedPolicy() { StopServing(); }

void ScriptedPolicy::Serve(const TlsFiles& tls, int port) {
  RpcServerOptions options;
  options.listen = absl::StrCat("127.0.0.1:", port);
  options.credentials = *MutualTlsServerCredentials(tls, "policy.tls");
  options.services = {airlock::Serve<internal::v1::ExecutorLinkService>(*this)};
  server_ = *RpcServer::Start(options);
}

void ScriptedPolicy::StopServing() {
  if (server_ == nullptr) return;
  BreakStream();
  server_->Drain(absl::Now());
  server_ = nullptr;
}

grpc::ServerBidiReactor<ScriptedPolicy::FromExecutor,
                        ScriptedPolicy::FromPolicy>*
ScriptedPolicy::Connect(grpc::CallbackServerContext* /*context*/) {
  return Stream::Open(*this).get();
}

void ScriptedPolicy::HandleMessage(const std::shared_ptr<Stream>& stream,
                                   const FromExecutor& message) {
  FromPolicy answer;
  bool answers = message.has_hello();
  {
    absl::MutexLock lock(&mutex_);
    if (message.has_hello()) stream_ = stream;
    if (message.has_heartbeat()) answers = answer_heartbeats_;
    messages_.push_back(message);
  }
  if (!answers) return;
  if (message.has_hello()) {
    answer.mutable_welcome()->set_protocol_version(1);
    answer.mutable_welcome()->set_policy_id("po-test");
    *answer.mutable_welcome()->mutable_heartbeat_interval() =
        ToProto(heartbeat_);
    *answer.mutable_welcome()->mutable_lease() = ToProto(absl::Seconds(60));
  } else {
    answer.mutable_heartbeat_ack()->set_sequence(
        message.heartbeat().sequence());
  }
  stream->Write(std::move(answer));
}

std::shared_ptr<ScriptedPolicy::Stream> ScriptedPolicy::stream() const {
  absl::MutexLock lock(&mutex_);
  return stream_;
}

void ScriptedPolicy::BreakStream() {
  if (const auto present = stream()) present->End();
}

void ScriptedPolicy::AnswerHeartbeats(bool answer) {
  absl::MutexLock lock(&mutex_);
  answer_heartbeats_ = answer;
}

void ScriptedPolicy::Send(FromPolicy message) {
  if (const auto present = stream()) present->Write(std::move(message));
}

std::optional<ScriptedPolicy::FromExecutor> ScriptedPolicy::Await(
    const Matches& matches, int number) {
  std::optional<FromExecutor> found;
  const auto look = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    int seen = 0;
    for (const FromExecutor& message : messages_) {
      if (!matches(message) || ++seen < number) continue;
      found = message;
      return true;
    }
    return false;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&look), absl::Seconds(20));
  return found;
}

std::string ScriptedPolicy::Output(airlock::v1::OutputStream stream) const {
  absl::MutexLock lock(&mutex_);
  std::string text;
  for (const FromExecutor& message : messages_) {
    const airlock::v1::OutputChunk& chunk = message.output().chunk();
    if (!message.has_output() || chunk.stream() != stream) continue;
    if (text.size() < chunk.offset() + chunk.data().size()) {
      text.resize(chunk.offset() + chunk.data().size(), '?');
    }
    text.replace(chunk.offset(), chunk.data().size(), chunk.data());
  }
  return text;
}

}  // namespace airlock::executor
