#include "services/policy/rpc/audit_handler.h"

#include <utility>

#include "common/rpc/status.h"
#include "services/policy/rpc/audit_export.h"
#include "services/policy/rpc/audit_requests.h"

namespace airlock::policy {
namespace {

using airlock::v1::ExportAuditRecordsRequest;
using airlock::v1::ExportAuditRecordsResponse;
using airlock::v1::ListAuditRecordsResponse;
using grpc::CallbackServerContext;

constexpr absl::string_view kList = "airlock.v1.AuditService.ListAuditRecords";
constexpr absl::string_view kExport =
    "airlock.v1.AuditService.ExportAuditRecords";
// A stream that ends before it began.
class RefusedExport final
    : public grpc::ServerWriteReactor<ExportAuditRecordsResponse> {
 public:
  explicit RefusedExport(const absl::Status& status) {
    Finish(ToGrpcStatus(status));
  }

 private:
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerUnaryReactor* AuditHandler::ListAuditRecords(
    CallbackServerContext* context,
    const airlock::v1::ListAuditRecordsRequest* request,
    ListAuditRecordsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Status refused =
      caller_.Admit(kList, *context, *request).status();
  absl::StatusOr<AuditQuery> query =
      refused.ok() ? AuditQueryFromRequest(*request) : refused;
  if (!query.ok()) {
    reactor->Finish(ToGrpcStatus(query.status()));
    return reactor;
  }
  store_.ListAudit(*query, [reactor, response](absl::StatusOr<AuditPage> page) {
    if (page.ok()) {
      for (auto& record : page->records) {
        *response->add_records() = std::move(record);
      }
      response->set_next_page_token(page->next_page_token);
    }
    reactor->Finish(ToGrpcStatus(page.status()));
  });
  return reactor;
}

grpc::ServerWriteReactor<ExportAuditRecordsResponse>*
AuditHandler::ExportAuditRecords(CallbackServerContext* context,
                                 const ExportAuditRecordsRequest* request) {
  absl::Status refused = caller_.Admit(kExport, *context, *request).status();
  if (refused.ok()) refused = ValidateExport(*request);
  if (!refused.ok()) return new RefusedExport(refused);
  return AuditExport::Start(store_, key_, clock_, *request);
}

}  // namespace airlock::policy
