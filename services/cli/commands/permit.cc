#include "services/cli/commands/permit.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "common/text_escape/escape.h"
#include "common/time/proto_time.h"
#include "services/cli/render/standing_text.h"

namespace airlock::cli {
namespace {

absl::Status BadOption(absl::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, "INVALID_OPTION",
                   message);
}

}  // namespace

void AddPermitOptions(CLI::App& command, PermitOptions& options) {
  CLI::Option* lifetime =
      command
          .add_option("--for", options.lifetime,
                      "Also lets the like start unasked for so long: 30m")
          ->type_name("TIME");
  CLI::Option* uses =
      command.add_option("--uses", options.uses, "At most so many times")
          ->check(CLI::Range(1, 100000).description(""))
          ->type_name("N");
  lifetime->needs(uses);
  uses->needs(lifetime);
  CLI::Option* like =
      command
          .add_option("--like", options.like,
                      "What is like it: a number of the list that is shown")
          ->check(CLI::Range(1, 100).description(""))
          ->type_name("N")
          ->needs(lifetime);
  command
      .add_flag_callback(
          "--exact", [&options] { options.like = 1; },
          "Exactly this action is; so it is without --like")
      ->needs(lifetime)
      ->excludes(like);
}

absl::StatusOr<Permit> ChoosePermit(AirlockClient& client,
                                    const airlock::v1::Approval& approval,
                                    const PermitOptions& options, bool yes) {
  absl::Duration lifetime;
  if (!absl::ParseDuration(options.lifetime, &lifetime) ||
      lifetime <= absl::ZeroDuration()) {
    return BadOption(absl::StrCat("--for must be a time such as 30m: got \"",
                                  EscapeText(options.lifetime), "\""));
  }
  if (yes && options.like != 1) {
    return BadOption(
        "--like needs somebody who looks at what it covers: leave out --yes, "
        "or permit exactly this action");
  }
  airlock::v1::SuggestStandingApprovalsRequest ask;
  ask.set_approval_id(approval.id());
  const auto response = client.SuggestStandingApprovals(ask);
  if (!response.ok()) return response.status();
  if (response->suggestions().empty()) {
    return BadOption(
        "nothing may be permitted beyond this question: the policy says so");
  }
  if (options.like > response->suggestions_size()) {
    return BadOption(absl::StrCat("--like must be from 1 to ",
                                  response->suggestions_size(), ":\n",
                                  SuggestionsText(response->suggestions())));
  }
  const airlock::v1::StandingSuggestion& chosen =
      response->suggestions(options.like - 1);
  Permit permit;
  permit.request.set_approval_id(approval.id());
  permit.request.set_digest(approval.digest());
  *permit.request.mutable_scope() = chosen.scope();
  *permit.request.mutable_lifetime() = ToProto(lifetime);
  permit.request.set_max_uses(options.uses);
  permit.suggestions = SuggestionsText(response->suggestions());
  permit.summary = absl::StrCat(EscapeRendered(chosen.summary()), ", for ",
                                absl::FormatDuration(lifetime), ", at most ",
                                options.uses, " times");
  return permit;
}

}  // namespace airlock::cli
