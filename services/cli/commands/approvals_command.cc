#include "services/cli/commands/approvals_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/text_escape/escape.h"
#include "services/cli/commands/decide_approval.h"
#include "services/cli/commands/paging.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/commands/watch_approvals.h"
#include "services/cli/render/approval_text.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/table.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;

struct Options {
  ConnectionFlags connection;
  DecideOptions decide;
  std::string agent;
  std::string standing = "pending";
  bool all = false;
  bool plain = false;
  int limit = 50;
};

// Who sees all where no token is named.
ConnectionFlags AsOperator(ConnectionFlags flags) {
  flags.as_operator = true;
  return flags;
}

// Of a word that was checked.
Approval::State StateFromWord(const std::string& word) {
  Approval::State state = Approval::STATE_UNSPECIFIED;
  Approval::State_Parse(absl::StrCat("STATE_", absl::AsciiStrToUpper(word)),
                        &state);
  return state;
}

int List(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(AsOperator(options.connection));
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::ListApprovalsRequest request;
  request.set_agent(options.agent);
  if (!options.all) request.set_state(StateFromWord(options.standing));
  const auto all = ListUpTo(
      options.limit, request,
      [&client](const auto& page) { return (*client)->ListApprovals(page); },
      [](const auto& response) { return response.approvals_size(); });
  if (!all.ok()) return Fail(line, all.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *all);
  const absl::Time now = absl::Now();
  Table table(
      {"ID", "AGENT", "ACTION", "STATE", "ASKED", "LEFT", "ASKED OF", "WHAT"});
  for (const Approval& approval : all->approvals()) {
    table.AddRow({EscapeText(approval.id()), EscapeText(approval.agent()),
                  KindWord(approval.action_kind()),
                  ApprovalStandingText(approval),
                  TimeText(approval.create_time()), TimeLeftText(approval, now),
                  ApproversText(approval), SummaryText(approval)});
  }
  std::cout << table.ToText() << std::flush;
  return kExitOk;
}

int Show(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(AsOperator(options.connection));
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::GetApprovalRequest request;
  request.set_id(options.decide.id);
  const auto response = (*client)->GetApproval(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) {
    return PrintJson(line, response->approval());
  }
  std::cout << ApprovalText(response->approval(), absl::Now()) << std::flush;
  return kExitOk;
}

int Decide(const CommandLine& line, const Options& options,
           ApprovalAnswer::Answer answer) {
  ConnectionFlags connection = options.connection;
  connection.as_approver = true;
  DecideOptions decide = options.decide;
  decide.answer = answer;
  return DecideApproval(line, connection, decide);
}

int Approve(const CommandLine& line, const Options& options) {
  return Decide(line, options, ApprovalAnswer::ANSWER_APPROVE);
}

int Reject(const CommandLine& line, const Options& options) {
  return Decide(line, options, ApprovalAnswer::ANSWER_REJECT);
}

int Cancel(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(AsOperator(options.connection));
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::CancelApprovalRequest request;
  request.set_id(options.decide.id);
  const auto response = (*client)->CancelApproval(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) {
    return PrintJson(line, response->approval());
  }
  std::cout << EscapeText(response->approval().id()) << ": "
            << ApprovalStandingText(response->approval()) << std::endl;
  return kExitOk;
}

int Watch(const CommandLine& line, const Options& options) {
  return WatchApprovals(line, options.connection, options.agent, options.plain);
}

void AddListOptions(CLI::App& list, const std::shared_ptr<Options>& options) {
  auto* all =
      list.add_flag("--all", options->all, "Also those that are decided");
  list.add_option("--standing", options->standing,
                  "Only those that are: pending, approved, rejected, expired, "
                  "cancelled")
      ->check(CLI::IsMember(
                  {"pending", "approved", "rejected", "expired", "cancelled"})
                  .description(""))
      ->capture_default_str()
      ->type_name("STATE")
      ->excludes(all);
  list.add_option("--limit", options->limit, "How many at most")
      ->check(CLI::Range(1, 100000).description(""))
      ->capture_default_str();
}

constexpr const char* kFooter =
    "Lists are the operator's where `airlock up` runs; with an agent's token\n"
    "they show what is that agent's. Who answers gives an approver's token by\n"
    "--token-file, AIRLOCK_TOKEN_FILE or AIRLOCK_TOKEN. What is approved is\n"
    "what was shown: its digest goes along, and only that runs.\n"
    "Examples:\n"
    "  airlock approvals ls\n"
    "  airlock approvals approve ID\n"
    "  airlock approvals approve ID --for 30m --uses 20 --like 2\n"
    "  airlock approvals reject ID --comment 'not on a Friday'\n"
    "  airlock approvals watch\n"
    "  airlock approvals watch -o json | my-notifier";

}  // namespace

void AddApprovalsCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* approvals = app.add_subcommand(
      "approvals", "Lists, shows and answers what waits for a human");
  approvals->require_subcommand(1);
  approvals->footer(kFooter);
  const auto add = [&](const std::string& name, const std::string& description,
                       int (*action)(const CommandLine&, const Options&)) {
    CLI::App* command = AddCallingCommand(
        *approvals, line, options->connection, name, description,
        [&line, options, action] { return action(line, *options); });
    command->add_flag_callback(
        "--json", [&line] { line.output = OutputFormat::kJson; },
        "The same as -o json");
    return command;
  };
  CLI::App* list = add("ls", "Lists what is pending, newest first", List);
  AddListOptions(*list, options);
  CLI::App* show = add("show", "Shows all that would run", Show);
  CLI::App* approve = add("approve", "Lets it run", Approve);
  approve->add_flag("--incomplete", options->decide.incomplete,
                    "Although not all that would run is shown");
  AddPermitOptions(*approve, options->decide.permit);
  CLI::App* reject = add("reject", "Refuses it", Reject);
  CLI::App* cancel = add("cancel", "Withdraws the question", Cancel);
  CLI::App* watch =
      add("watch", "Follows what comes, and on a terminal asks", Watch);
  watch->add_flag("--plain", options->plain,
                  "Asks nothing on a terminal either: a line for each change");
  for (CLI::App* command : {show, approve, reject, cancel}) {
    command->add_option("id", options->decide.id, "Which one")
        ->required()
        ->check(NotEmpty());
  }
  for (CLI::App* command : {approve, reject}) {
    command->add_flag("-y,--yes", options->decide.yes,
                      "Answers without a question, for scripts");
    command
        ->add_option("--comment", options->decide.comment,
                     "Free text for the agent")
        ->type_name("TEXT");
  }
  for (CLI::App* command : {list, watch}) {
    command->add_option("--agent", options->agent, "Only this agent's");
  }
}

}  // namespace airlock::cli
