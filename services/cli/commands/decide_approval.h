// `airlock approvals approve` and `airlock approvals reject`.
#pragma once

#include <string>

#include "airlock/v1/approval.pb.h"
#include "services/cli/client/connection.h"
#include "services/cli/commands/command_line.h"
#include "services/cli/commands/permit.h"

namespace airlock::cli {

// What the command line says.
struct DecideOptions {
  std::string id;
  airlock::v1::ApprovalAnswer::Answer answer =
      airlock::v1::ApprovalAnswer::ANSWER_UNSPECIFIED;
  std::string comment;
  // Nobody is asked: what is shown is agreed with.
  bool yes = false;
  // Approves although the view is not complete.
  bool incomplete = false;
  // What it permits beyond this.
  PermitOptions permit;
};

// Shows the approval whole, asks whether it is meant, and answers with the
// digest that was shown. What is permitted beyond it is shown and given first:
// where that fails nothing is answered. Returns the exit code: kExitUsage if
// nobody can be asked, kExitFailure if nothing was answered.
int DecideApproval(const CommandLine& line, const ConnectionFlags& connection,
                   const DecideOptions& options);

}  // namespace airlock::cli
