#include "services/policy/rpc/report_calls.h"

#include "common/rpc/status.h"
#include "services/policy/report/pending_count.h"

namespace airlock::policy {

grpc::ServerUnaryReactor* ReportCall::Start(HistoryWalks& walks,
                                            std::shared_ptr<ReportCall> call) {
  ReportCall* const reactor = call.get();
  reactor->self_ = call;
  const absl::Status started = walks.Start(std::move(call));
  // Once it has started it may be over, and gone, already.
  if (!started.ok()) reactor->Finish(ToGrpcStatus(started));
  return reactor;
}

absl::StatusOr<HistoryRequest> ActivityCall::Begin() {
  return HistoryRequest{query_, {.specs = false, .approvals = true}};
}

void ActivityCall::OnPage(const std::vector<ExecutionHistory>& page) {
  for (const ExecutionHistory& recorded : page) activity_.Add(recorded);
}

void ActivityCall::End(absl::StatusOr<bool> complete) {
  if (!complete.ok()) {
    Finish(ToGrpcStatus(complete.status()));
    return;
  }
  *response_ = std::move(activity_).Take();
  response_->set_complete(*complete);
  CountPending(store_, query_.agent,
               [this, kept = self()](absl::StatusOr<std::uint32_t> pending) {
                 if (pending.ok()) response_->set_pending(*pending);
                 Finish(ToGrpcStatus(pending.status()));
               });
}

absl::StatusOr<HistoryRequest> ApprovalReportCall::Begin() {
  return HistoryRequest{query_, {.specs = true, .approvals = true}};
}

void ApprovalReportCall::OnPage(const std::vector<ExecutionHistory>& page) {
  for (const ExecutionHistory& recorded : page) report_.Add(recorded);
}

void ApprovalReportCall::End(absl::StatusOr<bool> complete) {
  if (complete.ok()) *response_ = std::move(report_).Take(*complete);
  Finish(ToGrpcStatus(complete.status()));
}

ReplayCall* ReplayCall::Start(HistoryWalks& walks, ExecutionQuery query,
                              std::string config) {
  std::shared_ptr<ReplayCall> call(
      new ReplayCall(std::move(query), std::move(config)));
  ReplayCall* const reactor = call.get();
  reactor->self_ = call;
  const absl::Status started = walks.Start(std::move(call));
  if (!started.ok()) reactor->Finish(ToGrpcStatus(started));
  return reactor;
}

ReplayCall* ReplayCall::Refuse(const absl::Status& status) {
  std::shared_ptr<ReplayCall> call(new ReplayCall({}, ""));
  call->self_ = call;
  call->Finish(ToGrpcStatus(status));
  return call.get();
}

absl::StatusOr<HistoryRequest> ReplayCall::Begin() {
  auto contract = ContractToTry(config_);
  if (!contract.ok()) return contract.status();
  replay_.emplace(*std::move(contract));
  return HistoryRequest{query_, {.specs = true, .approvals = false}};
}

void ReplayCall::OnPage(const std::vector<ExecutionHistory>& page) {
  for (const ExecutionHistory& recorded : page) replay_->Add(recorded);
  absl::MutexLock lock(&mutex_);
  if (writing_) return;
  writing_ = true;
  response_.set_progress(replay_->requests());
  StartWrite(&response_);
}

void ReplayCall::OnWriteDone(bool ok) {
  if (!ok) cancelled_ = true;
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (ended_.has_value()) FinishWith(*ended_);
}

void ReplayCall::End(absl::StatusOr<bool> complete) {
  absl::MutexLock lock(&mutex_);
  if (writing_) {
    ended_ = std::move(complete);
  } else {
    FinishWith(complete);
  }
}

void ReplayCall::FinishWith(const absl::StatusOr<bool>& complete) {
  if (!complete.ok()) {
    Finish(ToGrpcStatus(complete.status()));
    return;
  }
  *response_.mutable_result() = std::move(*replay_).Take(*complete);
  StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
}

}  // namespace airlock::policy
