// Errors, for people and for programs.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace airlock::cli {

// Several lines, each with its newline: "airlock: <message> [REASON]", then
// one for each wrong field, unmet condition and used-up quota, and when to try
// again. Untrusted text is escaped.
std::string ErrorText(const absl::Status& error);

// Code, message and details, as google.rpc.Status.
google::rpc::Status ErrorMessage(const absl::Status& error);

}  // namespace airlock::cli
