#include "services/cli/commands/sessions_command.h"

#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/text_escape/escape.h"
#include "services/cli/commands/paging.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/fact_list.h"
#include "services/cli/render/session_text.h"
#include "services/cli/render/table.h"

namespace airlock::cli {
namespace {

using airlock::v1::Session;

struct Options {
  ConnectionFlags connection;
  LimitOptions limits;
  std::string name;
  std::string agent;
  bool parallel = false;
  bool ended = false;
  int limit = kMaxPage;
};

std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : EscapeText(text);
}

void PrintSession(const Session& session) {
  FactList facts;
  facts.Add("name", EscapeText(session.name()));
  facts.Add("id", EscapeText(session.id()));
  facts.Add("agent", EscapeText(session.agent()));
  facts.Add("state", SessionStandingText(session));
  facts.Add("runs", session.parallel() ? "several executions side by side"
                                       : "one execution at a time");
  facts.Add("live", absl::StrCat(session.live_executions(), " executions"));
  facts.Add("generation", absl::StrCat(session.generation()));
  facts.Add("executor", EscapeText(session.executor_id()));
  facts.Add("backend", EscapeText(session.backend()));
  facts.Add("image", EscapeText(session.image()));
  facts.Add("created", TimeText(session.create_time()));
  facts.Add("last used", TimeText(session.last_use_time()));
  facts.Add("expires", TimeText(session.expire_time()));
  facts.Add("ended", TimeText(session.end_time()));
  std::cout << facts.text() << std::flush;
}

int Tell(const CommandLine& line, const Session& session) {
  if (line.output == OutputFormat::kJson) return PrintJson(line, session);
  PrintSession(session);
  return kExitOk;
}

int Create(const CommandLine& line, const Options& options) {
  airlock::v1::CreateSessionRequest request;
  request.set_name(options.name);
  request.set_parallel(options.parallel);
  absl::Status limited = SetLimits(options.limits, request);
  if (!limited.ok()) return Fail(line, limited);
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  const auto response = (*client)->CreateSession(request);
  if (!response.ok()) return Fail(line, response.status());
  return Tell(line, response->session());
}

int List(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(AsWhoNames(options.agent, options.connection));
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::ListSessionsRequest request;
  request.set_agent(options.agent);
  request.set_include_ended(options.ended);
  const auto all = ListUpTo(
      options.limit, request,
      [&client](const auto& page) { return (*client)->ListSessions(page); },
      [](const auto& response) { return response.sessions_size(); });
  if (!all.ok()) return Fail(line, all.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *all);
  Table table({"NAME", "AGENT", "STATE", "WHY", "EXECUTOR", "GENERATION",
               "LIVE", "EXPIRES"});
  for (const Session& session : all->sessions()) {
    table.AddRow({EscapeText(session.name()), EscapeText(session.agent()),
                  SessionStateWord(session.state()),
                  OrDash(session.state_reason()), OrDash(session.executor_id()),
                  absl::StrCat(session.generation()),
                  absl::StrCat(session.live_executions()),
                  TimeText(session.expire_time())});
  }
  std::cout << table.ToText() << std::flush;
  return kExitOk;
}

int Show(const CommandLine& line, const Options& options) {
  airlock::v1::GetSessionRequest request;
  request.set_name(options.name);
  request.set_agent(options.agent);
  const auto client = ConnectAs(AsWhoNames(options.agent, options.connection));
  if (!client.ok()) return Fail(line, client.status());
  const auto response = (*client)->GetSession(request);
  if (!response.ok()) return Fail(line, response.status());
  return Tell(line, response->session());
}

int Close(const CommandLine& line, const Options& options) {
  airlock::v1::CloseSessionRequest request;
  request.set_name(options.name);
  request.set_agent(options.agent);
  const auto client = ConnectAs(AsWhoNames(options.agent, options.connection));
  if (!client.ok()) return Fail(line, client.status());
  const auto response = (*client)->CloseSession(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) {
    return PrintJson(line, response->session());
  }
  std::cout << EscapeText(response->session().name()) << ": "
            << SessionStandingText(response->session()) << std::endl;
  return kExitOk;
}

constexpr const char* kFooter =
    "A session is a sandbox that is kept: its files, installed packages and,\n"
    "if it is parallel, background programs stay from one execution to the\n"
    "next. `airlock run --session NAME` makes one that is missing; one that\n"
    "was lost or has expired must be closed or created again first.\n"
    "Examples:\n"
    "  airlock sessions create build --memory 256m\n"
    "  airlock run --session build -- pip install requests\n"
    "  airlock sessions ls --ended\n"
    "  airlock sessions close build\n"
    "  airlock sessions ls --operator";

}  // namespace

void AddSessionsCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* sessions = app.add_subcommand(
      "sessions", "Makes, lists and closes sandboxes that are kept");
  sessions->require_subcommand(1);
  sessions->footer(kFooter);
  const auto add = [&](const std::string& name, const std::string& description,
                       int (*action)(const CommandLine&, const Options&)) {
    return AddCallingCommand(
        *sessions, line, options->connection, name, description,
        [&line, options, action] { return action(line, *options); });
  };
  CLI::App* create = add("create", "Makes a session", Create);
  create->add_flag("--parallel", options->parallel,
                   "Executions run side by side in it, and programs they leave "
                   "in the background live on");
  AddLimitOptions(*create, options->limits);
  CLI::App* list = add("ls", "Lists sessions", List);
  list->add_flag("--ended", options->ended,
                 "Also those that are closed, lost or expired");
  list->add_option("--limit", options->limit, "How many at most")
      ->check(CLI::Range(1, 100000).description(""))
      ->capture_default_str();
  CLI::App* show = add("show", "Shows all that is known of one", Show);
  CLI::App* close =
      add("close", "Ends what runs in one and removes its sandbox", Close);
  for (CLI::App* command : {create, show, close}) {
    command->add_option("name", options->name, "Which one")->required();
  }
  for (CLI::App* command : {list, show, close}) {
    AddOperatorOption(*command, options->connection);
    command->add_option("--agent", options->agent,
                        "This agent's; for operators");
  }
}

}  // namespace airlock::cli
