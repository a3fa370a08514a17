#include "absl/strings/str_cat.h"
#include "common/security/random.h"
#include "tests/e2e/faults/cluster.h"

namespace airlock {

Call::Call(const Cluster& cluster, const airlock::v1::ExecuteRequest& request)
    : stub_(cluster.Client()),
      context_(Cluster::As("ada", 3 * kPatience)),
      reader_(stub_->Execute(context_.get(), request)) {}

bool Call::Read() {
  airlock::v1::ExecuteResponse response;
  if (!reader_->Read(&response)) return false;
  transcript_.Add(std::move(*response.mutable_event()));
  id_ = transcript_.id;
  return true;
}

bool Call::ReadUntilRunning() {
  while (Read()) {
    const airlock::v1::ExecutionEvent& last = transcript_.events.back();
    if (last.state_change().to() == airlock::v1::Execution::STATE_RUNNING) {
      return true;
    }
  }
  return false;
}

bool Call::ReadUntilOutput(std::size_t bytes) {
  while (transcript_.stdout_data.size() < bytes) {
    if (!Read()) return false;
  }
  return true;
}

Transcript Call::Finish() {
  return ReadAll<airlock::v1::ExecuteResponse>(*reader_,
                                               std::move(transcript_));
}

void Call::Abandon() {
  context_->TryCancel();
  Finish();
}

airlock::v1::ExecuteRequest Shell(const std::string& line) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id(RandomUuid());
  request.mutable_action()->mutable_system_command()->set_shell(line);
  return request;
}

airlock::v1::ExecuteRequest MarkedShell(const std::string& line) {
  airlock::v1::ExecuteRequest request = Shell("");
  request.mutable_action()->mutable_system_command()->set_shell(
      absl::StrCat("echo ", request.request_id(), " >> /marks/runs; ", line));
  return request;
}

}  // namespace airlock
