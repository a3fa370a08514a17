#include "services/cli/commands/executions_command.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/text_escape/escape.h"
#include "common/time/proto_time.h"
#include "services/cli/commands/follow.h"
#include "services/cli/commands/paging.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/filters/execution_filter.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/fact_list.h"
#include "services/cli/render/table.h"
#include "services/cli/run/exit_code.h"

namespace airlock::cli {
namespace {

using airlock::v1::Execution;

constexpr absl::Duration kLongestWatch = absl::Hours(24);

struct Options {
  ConnectionFlags connection;
  std::string id;
  ExecutionFilterOptions filter;
  int limit = 50;
};

std::string TookText(const Execution& execution) {
  if (!execution.has_start_time() || !execution.has_end_time()) return "-";
  const absl::Duration took =
      FromProto(execution.end_time()) - FromProto(execution.start_time());
  return absl::FormatDuration(absl::Trunc(took, absl::Milliseconds(1)));
}

std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : EscapeText(text);
}

absl::StatusOr<airlock::v1::ListExecutionsResponse> ListAll(
    AirlockClient& client, const Options& options) {
  const auto request = ListRequestFromOptions(options.filter, absl::Now());
  if (!request.ok()) return request.status();
  return ListUpTo(
      options.limit, *request,
      [&client](const auto& page) { return client.List(page); },
      [](const auto& response) { return response.executions_size(); });
}

int List(const CommandLine& line, const Options& options) {
  const auto client =
      ConnectAs(AsWhoNames(options.filter.range.agent, options.connection));
  if (!client.ok()) return Fail(line, client.status());
  const auto all = ListAll(**client, options);
  if (!all.ok()) return Fail(line, all.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *all);
  Table table({"ID", "AGENT", "ACTION", "STANDING", "CREATED", "TOOK",
               "APPROVAL", "MESSAGE"});
  for (const Execution& execution : all->executions()) {
    table.AddRow({EscapeText(execution.id()), EscapeText(execution.agent()),
                  KindWord(execution.action_kind()), StandingText(execution),
                  TimeText(execution.create_time()), TookText(execution),
                  OrDash(execution.approval_id()),
                  OrDash(execution.state_message())});
  }
  std::cout << table.ToText() << std::flush;
  return kExitOk;
}

std::string SessionText(const Execution& execution) {
  if (execution.session().empty()) return "";
  return absl::StrCat(EscapeText(execution.session()), ", generation ",
                      execution.session_generation());
}

void PrintExecution(const Execution& execution) {
  const bool is_open = execution.state() == Execution::STATE_QUEUED ||
                       execution.state() == Execution::STATE_RUNNING ||
                       execution.state() == Execution::STATE_AWAITING_APPROVAL;
  const auto& usage = execution.outcome().usage();
  FactList facts;
  facts.Add("id", EscapeText(execution.id()));
  facts.Add("agent", EscapeText(execution.agent()));
  facts.Add("action", KindWord(execution.action_kind()));
  facts.Add("state", StateWord(execution.state()));
  facts.Add("standing", StandingText(execution));
  facts.Add("why", is_open ? "" : WhyText(execution));
  facts.Add("decided by", EscapeText(execution.decision().rule()));
  facts.Add("explanation", EscapeText(execution.decision().explanation()));
  facts.Add("approval", EscapeText(execution.approval_id()));
  facts.Add("message", EscapeText(execution.state_message()));
  facts.Add("created", TimeText(execution.create_time()));
  facts.Add("started", TimeText(execution.start_time()));
  facts.Add("ended", TimeText(execution.end_time()));
  facts.Add("took", TookText(execution));
  facts.Add("session", SessionText(execution));
  facts.Add("image", EscapeText(execution.image()));
  facts.Add("executor", EscapeText(execution.executor_id()));
  facts.Add("digest", EscapeText(execution.digest()));
  facts.Add("request id", EscapeText(execution.request_id()));
  if (execution.outcome().has_usage()) {
    facts.Add("cpu time", absl::FormatDuration(FromProto(usage.cpu_time())));
    facts.Add("peak memory", absl::StrCat(usage.peak_memory_bytes(), " bytes"));
    facts.Add("output", absl::StrCat(usage.stdout_bytes(), " bytes, errors ",
                                     usage.stderr_bytes(), " bytes"));
  }
  std::cout << facts.text() << std::flush;
}

int Show(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::GetExecutionRequest request;
  request.set_id(options.id);
  const auto response = (*client)->Get(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) {
    return PrintJson(line, response->execution());
  }
  PrintExecution(response->execution());
  return kExitOk;
}

int Cancel(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::CancelExecutionRequest request;
  request.set_id(options.id);
  const auto response = (*client)->Cancel(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) {
    return PrintJson(line, response->execution());
  }
  std::cout << "asked to end; it stood at: "
            << StandingText(response->execution()) << std::endl;
  return kExitOk;
}

int Watch(const CommandLine& line, const Options& options) {
  return FollowAsCommand(line, options.connection, absl::Now() + kLongestWatch,
                         WhoCancels::kNobody,
                         [&](AirlockClient&, Follower& follower) {
                           return follower.Watch(options.id);
                         });
}

using Action = int (*)(const CommandLine&, const Options&);

CLI::App* AddOne(CLI::App& executions, CommandLine& line,
                 const std::shared_ptr<Options>& options,
                 const std::string& name, const std::string& description,
                 Action action) {
  CLI::App* command = AddCallingCommand(
      executions, line, options->connection, name, description,
      [&line, options, action] { return action(line, *options); });
  AddOperatorOption(*command, options->connection);
  return command;
}

void AddFilterOptions(CLI::App& list, ExecutionFilterOptions& filter) {
  AddRangeOptions(list, filter.range);
  list.add_option("--action", filter.action,
                  "Only this kind, such as code_exec")
      ->type_name("KIND");
  list.add_option("--standing", filter.state,
                  "Only those in this state, such as denied")
      ->type_name("STATE");
  list.add_option("--ended-by", filter.ended_by,
                  "Only those that ended like this, such as timed_out")
      ->type_name("END");
  list.add_option("--text", filter.text,
                  "Only those with this text in what was asked for, byte for "
                  "byte")
      ->check(NotEmpty());
}

}  // namespace

void AddExecutionsCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* executions =
      app.add_subcommand("executions", "Lists, shows and ends executions");
  executions->require_subcommand(1);
  executions->footer(
      "Examples:\n"
      "  airlock executions ls --limit 10\n"
      "  airlock executions ls --since 7d --ended-by timed_out --text make\n"
      "  airlock executions show ID -o json\n"
      "  airlock executions watch ID");
  CLI::App* list = AddOne(*executions, line, options, "ls",
                          "Lists executions, newest first", List);
  list->add_option("--limit", options->limit, "How many at most")
      ->check(CLI::Range(1, 100000).description(""))
      ->capture_default_str();
  AddFilterOptions(*list, options->filter);
  CLI::App* show = AddOne(*executions, line, options, "show",
                          "Shows all that is known of one", Show);
  CLI::App* cancel =
      AddOne(*executions, line, options, "cancel", "Asks one to end", Cancel);
  CLI::App* watch = AddOne(
      *executions, line, options, "watch",
      "Shows one's output from its beginning and exits as it did", Watch);
  for (CLI::App* command : {show, cancel, watch}) {
    command->add_option("id", options->id, "Which one")->required();
  }
  watch->parse_complete_callback(
      [&line] { line.failure_code = kExitAirlockError; });
}

}  // namespace airlock::cli
