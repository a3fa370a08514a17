// What an approval permits beyond its question: `--for`, `--uses`, `--like`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "airlock/v1/approval.pb.h"
#include "airlock/v1/standing_approval.pb.h"
#include "services/cli/client/airlock_client.h"

namespace airlock::cli {

// What the command line says.
struct PermitOptions {
  // Such as "30m". Empty: nothing is permitted beyond the question.
  std::string lifetime;
  std::uint32_t uses = 0;
  // Which of the suggestions; 1 is exactly this action.
  int like = 1;

  bool wanted() const { return !lifetime.empty(); }
};

// Adds --for, --uses, --exact and --like. `options` must outlive the parsing.
void AddPermitOptions(CLI::App& command, PermitOptions& options);

// A permission that somebody may agree to.
struct Permit {
  airlock::v1::CreateStandingApprovalRequest request;
  // All that could be permitted, and what would be.
  std::string suggestions;
  std::string summary;
};

// Asks what could be permitted from this question, and chooses. `yes`: nobody
// will look at it, so that only exactly this action may be permitted.
// kInvalidArgument: the options do not say what may be permitted.
absl::StatusOr<Permit> ChoosePermit(AirlockClient& client,
                                    const airlock::v1::Approval& approval,
                                    const PermitOptions& options, bool yes);

}  // namespace airlock::cli
