// Standing approvals for people. Everything that comes from elsewhere is
// escaped here.
#pragma once

#include <string>

#include "airlock/v1/standing_approval.pb.h"
#include "google/protobuf/repeated_field.h"

namespace airlock::cli {

// A table, or one line that says that there are none.
std::string StandingApprovalsText(
    const google::protobuf::RepeatedPtrField<airlock::v1::StandingApproval>&
        permissions);

// "st-1: revoked by web:ann, used 3 of 20 times".
std::string StandingApprovalLine(
    const airlock::v1::StandingApproval& permission);

// "1: <summary> (would have covered 3 of the last questions)", one a line.
std::string SuggestionsText(
    const google::protobuf::RepeatedPtrField<airlock::v1::StandingSuggestion>&
        suggestions);

}  // namespace airlock::cli
