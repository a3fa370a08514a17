// Records of the audit for people.
#pragma once

#include <string>
#include <vector>

#include "airlock/v1/audit.pb.h"

namespace airlock::cli {

// The names of a list's columns.
std::vector<std::string> RecordColumns();

// The cells of a record, escaped.
std::vector<std::string> RecordCells(const airlock::v1::AuditRecord& record);

// Everything that is known of a record, escaped, in lines of a name and a
// value; then its payload, indented. Says whether hash and payload fit.
std::string RecordText(const airlock::v1::SealedAuditRecord& sealed);

}  // namespace airlock::cli
