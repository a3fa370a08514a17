// The audit, as people read it.
#pragma once

#include <string>

#include "google/protobuf/message.h"
#include "services/gateway/web/stream_call.h"

namespace airlock::gateway {

// A page of records, each one as a line of the export has it:
// {"records":[...],"nextPageToken":"..."}.
std::string AuditListJson(const google::protobuf::Message& response);

// The export as a file to be saved, and whether the chain holds, as events: one
// with the number of records so far every now and then, then the event "end".
StreamForm AuditExportForm();
StreamForm AuditVerifyForm();

// The request for an export of the records that a query names: "from=1&to=20".
std::string AuditExportRequest(absl::string_view query);

}  // namespace airlock::gateway
