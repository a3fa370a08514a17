#include "services/cli/audit/record_text.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/audit_chain/audit_chain.h"
#include "common/audit_chain/audit_fields.h"
#include "common/audit_chain/json_members.h"
#include "common/json/enum_word.h"
#include "common/security/digest.h"
#include "common/text_escape/escape.h"
#include "nlohmann/json.hpp"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/fact_list.h"

namespace airlock::cli {
namespace {

using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;

std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : EscapeText(text);
}

// A JSON text without its quotes; anything else as it is.
std::string Unquoted(const std::string& json) {
  absl::StatusOr<JsonMembers> members =
      JsonMembers::Parse(absl::StrCat("{\"value\":", json, "}"));
  if (!members.ok()) return json;
  const std::optional<JsonMember> value = members->Take("value");
  return value.has_value() ? value->text.value_or(json) : json;
}

std::string IndentedPayload(const std::string& payload) {
  const auto json = nlohmann::ordered_json::parse(payload, nullptr,
                                                  /*allow_exceptions=*/false);
  if (json.is_discarded()) return EscapeText(payload);
  return EscapeJson(
      json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

// Whether a payload is the one that was written; empty: it is.
std::string PayloadProblem(const AuditRecord& record,
                           const std::string& payload) {
  if (payload.empty()) {
    return record.payload_sha256().empty() ? "" : "no longer kept";
  }
  return ToBytes(Sha256(payload)) == record.payload_sha256()
             ? ""
             : "CHANGED: it is not the one that was written";
}

}  // namespace

std::vector<std::string> RecordColumns() {
  return {"SEQUENCE", "TIME",    "TYPE",   "ACTOR",    "AGENT",
          "ACTION",   "OUTCOME", "REASON", "EXECUTION"};
}

std::vector<std::string> RecordCells(const AuditRecord& record) {
  const bool has_kind =
      record.action_kind() != airlock::v1::ACTION_KIND_UNSPECIFIED;
  return {absl::StrCat(record.sequence()),
          TimeText(record.time()),
          EnumWord(*airlock::v1::AuditEventType_descriptor(), record.type()),
          OrDash(record.actor()),
          OrDash(record.agent()),
          has_kind ? EnumWord(*airlock::v1::ActionKind_descriptor(),
                              record.action_kind())
                   : "-",
          OrDash(record.outcome()),
          OrDash(record.reason()),
          OrDash(record.execution_id())};
}

std::string RecordText(const SealedAuditRecord& sealed) {
  FactList facts;
  AuditRecord record;
  if (!record.ParseFromString(sealed.record())) {
    facts.Add("record", "CHANGED: its bytes are not a record");
    return facts.text();
  }
  for (const auto& [name, value] : AuditFields(record)) {
    facts.Add(name, EscapeText(Unquoted(value)));
  }
  const bool fits = HashAuditRecord(sealed.record()) == sealed.hash();
  facts.Add("hash", absl::StrCat(HexEncode(sealed.hash()),
                                 fits ? "" : " CHANGED: not of its bytes"));
  facts.Add("payload", PayloadProblem(record, sealed.payload()));
  if (sealed.payload().empty()) return facts.text();
  return absl::StrCat(facts.text(), "\n", IndentedPayload(sealed.payload()),
                      "\n");
}

}  // namespace airlock::cli
