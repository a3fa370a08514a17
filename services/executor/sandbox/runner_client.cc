#include "services/executor/sandbox/runner_client.h"

#include <utility>

#include "services/executor/sandbox/runner_connection.h"

namespace airlock::executor {
namespace {

const Clock& MachineClock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace

RunnerClient::RunnerClient(std::unique_ptr<ByteStream> stream)
    : RunnerClient(std::move(stream), MachineClock()) {}

RunnerClient::RunnerClient(std::unique_ptr<ByteStream> stream,
                           const Clock& clock)
    : connection_(
          std::make_shared<RunnerConnection>(std::move(stream), clock)) {
  connection_->Start();
}

RunnerClient::~RunnerClient() { connection_->Shutdown(); }

absl::Status RunnerClient::WaitReady(absl::Time deadline) {
  return connection_->WaitReady(deadline);
}

std::shared_ptr<SandboxProcess> RunnerClient::Run(
    ProcessSpec spec, std::shared_ptr<ProcessObserver> observer) {
  return connection_->Run(std::move(spec), std::move(observer));
}

void RunnerClient::Ping() { connection_->Ping(); }

bool RunnerClient::usable() const { return connection_->usable(); }

void RunnerClient::Abort(absl::string_view reason, absl::string_view message) {
  connection_->Abort(reason, message);
}

}  // namespace airlock::executor
