// Reports for people.
#pragma once

#include <string>

#include "airlock/v1/report.pb.h"

namespace airlock::cli {

// How questions were answered: a table, and a note where it is not about all.
std::string ApprovalReportText(
    const airlock::v1::GetApprovalReportResponse& report);

// What another configuration would decide otherwise: how many, a table by
// settings with an example of each, and notes on what was not looked at.
std::string ReplayText(const airlock::v1::ReplayResult& result);

}  // namespace airlock::cli
