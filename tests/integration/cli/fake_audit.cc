#include "tests/integration/cli/fake_audit.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/audit_chain/checkpoint.h"
#include "tests/integration/cli/authorization.h"

namespace airlock {
namespace {

constexpr int kPageRecords = 2;

}  // namespace

using airlock::v1::SealedAuditRecord;

void FakeAudit::Append(const airlock::v1::AuditRecord& record,
                       const std::string& payload) {
  absl::MutexLock lock(&mutex_);
  records_.push_back(Seal(head_, record, payload));
}

void FakeAudit::BreakExports() {
  absl::MutexLock lock(&mutex_);
  breaks_ = true;
}

airlock::v1::AuditFilter FakeAudit::filter() {
  absl::MutexLock lock(&mutex_);
  return filter_;
}

std::string FakeAudit::authorization() {
  absl::MutexLock lock(&mutex_);
  return authorization_;
}

grpc::Status FakeAudit::ListAuditRecords(
    grpc::ServerContext* context,
    const airlock::v1::ListAuditRecordsRequest* request,
    airlock::v1::ListAuditRecordsResponse* response) {
  absl::MutexLock lock(&mutex_);
  authorization_ = AuthorizationOf(*context);
  filter_ = request->filter();
  std::size_t before = records_.size();
  if (!request->page_token().empty() &&
      !absl::SimpleAtoi(request->page_token(), &before)) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no such page");
  }
  for (; before > 0; --before) {
    const SealedAuditRecord& sealed = records_[before - 1];
    if (!absl::StrContains(sealed.payload(), filter_.text())) continue;
    if (response->records_size() ==
        std::min(kPageRecords, request->page_size())) {
      response->set_next_page_token(absl::StrCat(before));
      break;
    }
    *response->add_records() = sealed;
  }
  return grpc::Status::OK;
}

grpc::Status FakeAudit::ExportAuditRecords(
    grpc::ServerContext* context,
    const airlock::v1::ExportAuditRecordsRequest* request,
    grpc::ServerWriter<airlock::v1::ExportAuditRecordsResponse>* writer) {
  absl::MutexLock lock(&mutex_);
  authorization_ = AuthorizationOf(*context);
  airlock::v1::ExportAuditRecordsResponse response;
  ChainHead last{.writer = "w1"};
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const std::uint64_t sequence = i + 1;
    if (sequence < request->from_sequence()) continue;
    if (request->to_sequence() != 0 && sequence > request->to_sequence()) break;
    *response.mutable_record() = records_[i];
    writer->Write(response);
    last.sequence = sequence;
    last.hash = records_[i].hash();
  }
  if (breaks_) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  if (last.sequence == 0) return grpc::Status::OK;
  *response.mutable_checkpoint() = SignCheckpoint(key_, last, absl::Now());
  writer->Write(response);
  return grpc::Status::OK;
}

}  // namespace airlock
