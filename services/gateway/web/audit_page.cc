#include "services/gateway/web/audit_page.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "airlock/v1/audit.pb.h"
#include "common/audit_chain/audit_ndjson.h"
#include "common/audit_chain/chain_verifier.h"
#include "common/json/json_writer.h"
#include "services/gateway/web/json_answer.h"

namespace airlock::gateway {
namespace {

using airlock::v1::ExportAuditRecordsResponse;
using airlock::v1::ListAuditRecordsResponse;
using google::protobuf::Message;

constexpr std::uint64_t kProgressRecords = 500;

// Only called for responses of that type.
const ExportAuditRecordsResponse& AsExported(const Message& response) {
  return *google::protobuf::DynamicCastToGenerated<ExportAuditRecordsResponse>(
      &response);
}

// Holds what came against the chain.
class Verification {
 public:
  std::string Add(const ExportAuditRecordsResponse& exported) {
    if (!problem_.ok() || !exported.has_record()) return "";
    problem_ = verifier_.Add(exported.record());
    const bool tell = verifier_.records() % kProgressRecords == 0;
    return tell ? absl::StrCat("data: ", Json(""), "\n\n") : "";
  }

  std::string End(const absl::Status& end) const {
    const absl::Status& error = problem_.ok() ? end : problem_;
    const std::string data =
        error.ok() ? Json(R"(,"ok":true)") : ErrorJson(error);
    return absl::StrCat("event: end\ndata: ", data, "\n\n");
  }

 private:
  std::string Json(absl::string_view rest) const {
    return absl::StrCat(R"({"records":")", verifier_.records(), "\"", rest,
                        "}");
  }

  ChainVerifier verifier_;
  absl::Status problem_;
};

}  // namespace

std::string AuditListJson(const Message& response) {
  const auto& page =
      *google::protobuf::DynamicCastToGenerated<ListAuditRecordsResponse>(
          &response);
  JsonWriter json;
  json.BeginObject();
  json.Key("records");
  json.BeginArray();
  for (const auto& record : page.records()) json.Raw(AuditLine(record));
  json.EndArray();
  json.Text("nextPageToken", page.next_page_token());
  json.EndObject();
  return std::move(json).Take();
}

StreamForm AuditExportForm() {
  StreamForm form;
  form.head = {
      200,
      {{"Content-Type", "application/x-ndjson"},
       {"Content-Disposition", "attachment; filename=\"airlock-audit.ndjson\""},
       {"Cache-Control", "no-store"}},
      ""};
  form.piece = [](const Message& response) {
    const ExportAuditRecordsResponse& exported = AsExported(response);
    return absl::StrCat(exported.has_checkpoint()
                            ? AuditLine(exported.checkpoint())
                            : AuditLine(exported.record()),
                        "\n");
  };
  // A line that is none: whoever verifies the file is to see that it broke off.
  form.last_piece = [](const absl::Status& end) {
    return end.ok() ? "" : absl::StrCat("{\"error\":", ErrorJson(end), "}\n");
  };
  return form;
}

StreamForm AuditVerifyForm() {
  StreamForm form = EventStreamForm();
  const auto verification = std::make_shared<Verification>();
  form.piece = [verification](const Message& response) {
    return verification->Add(AsExported(response));
  };
  form.last_piece = [verification](const absl::Status& end) {
    return verification->End(end);
  };
  return form;
}

std::string AuditExportRequest(absl::string_view query) {
  JsonWriter json;
  json.BeginObject();
  const std::string from = QueryValue(query, "from");
  const std::string to = QueryValue(query, "to");
  if (!from.empty()) json.Text("fromSequence", from);
  if (!to.empty()) json.Text("toSequence", to);
  json.EndObject();
  return std::move(json).Take();
}

}  // namespace airlock::gateway
