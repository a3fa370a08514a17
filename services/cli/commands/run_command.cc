#include "services/cli/commands/run_command.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/security/random.h"
#include "common/text_escape/escape.h"
#include "services/cli/commands/follow.h"
#include "services/cli/commands/parallel_session.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/run/exit_code.h"
#include "services/cli/run/input_feeder.h"
#include "services/cli/run/read_input.h"

namespace airlock::cli {
namespace {

constexpr const char* kFooter =
    "Exits with the command's own code; 124: it took too long; 77: denied, or\n"
    "rejected by a human; 78: its approval expired; 125: an error of Airlock\n"
    "itself; 126: not executable; 127: not found; 128+n: ended by signal n;\n"
    "130: cancelled; 137: killed for a limit. Where a human must agree it "
    "says\n"
    "whom it waits for, and how they answer. Ctrl-C cancels; a second one\n"
    "leaves it running.\n"
    "Examples:\n"
    "  airlock run -- echo \"Hello from sandbox\"\n"
    "  airlock run --lang python -- 'import sys; print(sys.argv)' one two\n"
    "  airlock run --lang python --file main.py --timeout 10s\n"
    "  airlock run --shell 'sort | uniq -c' < words.txt\n"
    "  airlock run --ssh 'uname -a'\n"
    "  airlock run -i --shell 'while read -r line; do echo \"> $line\"; done'\n"
    "  airlock run --session build -- pip install requests";

struct Options {
  ActionOptions action;
  LimitOptions limits;
  ConnectionFlags connection;
  std::string session;
  bool parallel = false;
  std::string standard_input = "auto";
  std::string request_id;
  std::string wait = "24h";
};

absl::StatusOr<std::string> ReadStandardInput(const Options& options) {
  const bool is_code = options.action.file == "-";
  if (options.action.accepts_later_input) {
    if (!is_code) return "";
    return absl::InvalidArgumentError(
        "--file - and --interactive both want standard input");
  }
  if (is_code && options.standard_input == "yes") {
    return absl::InvalidArgumentError(
        "--file - and --stdin yes both want standard input");
  }
  if (is_code || options.standard_input == "no") return "";
  if (options.standard_input == "auto" && !IsFed(STDIN_FILENO)) return "";
  return ReadToEnd(STDIN_FILENO, kMaxInputBytes, [] {
    PrintNote(
        "waiting for the end of standard input; --stdin no leaves it "
        "out");
  });
}

// A sandbox that is there already has its limits.
absl::Status CheckSessionLimits(const Options& options) {
  const LimitOptions& limits = options.limits;
  if (options.session.empty() ||
      (limits.memory.empty() && limits.cpu.empty() && limits.pids == 0)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "--memory, --cpu and --pids are limits of the whole session: airlock "
      "sessions create takes them");
}

absl::StatusOr<airlock::v1::ExecuteRequest> MakeRequest(
    const Options& options) {
  airlock::v1::ExecuteRequest request;
  absl::Status limited = CheckSessionLimits(options);
  if (limited.ok()) limited = SetLimits(options.limits, request);
  if (!limited.ok()) return limited;
  const absl::StatusOr<std::string> code = ReadCode(options.action);
  if (!code.ok()) return code.status();
  const absl::StatusOr<std::string> input = ReadStandardInput(options);
  if (!input.ok()) return input.status();
  absl::StatusOr<airlock::v1::Action> action =
      MakeAction(options.action, *code, *input);
  if (!action.ok()) return action.status();
  *request.mutable_action() = *std::move(action);
  request.set_session(options.session);
  // Always one: so that a broken stream can be attached again.
  request.set_request_id(options.request_id.empty() ? RandomUuid()
                                                    : options.request_id);
  return request;
}

// Runs it while standard input is passed on.
absl::StatusOr<airlock::v1::Execution> RunInteractively(
    AirlockClient& client, Follower& follower,
    const airlock::v1::ExecuteRequest& request) {
  const std::unique_ptr<InputWriter> writer = client.MakeInputWriter();
  InputFeeder feeder(
      {.fd = STDIN_FILENO}, *writer, [&follower](const absl::Status& error) {
        // It must not take what came so far for all of it.
        PrintNote(
            absl::StrCat("cancelling, as standard input cannot be passed on: ",
                         EscapeText(error.message())));
        follower.Cancel();
      });
  follower.OnAccepted([&feeder](const std::string& id) { feeder.Start(id); });
  return follower.Run(request);
}

int Run(const CommandLine& line, const Options& options) {
  absl::Duration wait;
  if (!absl::ParseDuration(options.wait, &wait) ||
      wait <= absl::ZeroDuration()) {
    return Fail(line, absl::InvalidArgumentError(absl::StrCat(
                          "--wait must be a time such as 10m: got \"",
                          options.wait, "\"")));
  }
  const absl::StatusOr<airlock::v1::ExecuteRequest> request =
      MakeRequest(options);
  if (!request.ok()) return Fail(line, request.status());
  return FollowAsCommand(
      line, options.connection, absl::Now() + wait, WhoCancels::kFirstSignal,
      [&](AirlockClient& client,
          Follower& follower) -> absl::StatusOr<airlock::v1::Execution> {
        if (options.parallel) {
          absl::Status there = EnsureParallelSession(client, options.session);
          if (!there.ok()) return there;
        }
        if (!options.action.accepts_later_input) return follower.Run(*request);
        return RunInteractively(client, follower, *request);
      });
}

void AddSessionOptions(CLI::App& command, Options& options) {
  auto* session =
      command
          .add_option("--session", options.session,
                      "Runs in this session, whose files and programs stay; "
                      "it is made if there is none of this name")
          ->check(NotEmpty())
          ->type_name("NAME");
  command
      .add_flag("--parallel", options.parallel,
                "The session is one in which executions run side by side; one "
                "that is not is refused")
      ->needs(session);
}

}  // namespace

void AddRunCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("run", "Runs a command or code in a sandbox");
  AddActionOptions(*command, options->action);
  command
      ->add_option("--timeout", options->limits.timeout,
                   "Longest time the process may take, such as 10s")
      ->type_name("TIME");
  AddLimitOptions(*command, options->limits);
  AddSessionOptions(*command, *options);
  auto* interactive =
      command->add_flag("-i,--interactive", options->action.accepts_later_input,
                        "Passes standard input on while the process runs, "
                        "instead of reading all of it before");
  command
      ->add_option("--stdin", options->standard_input,
                   "Whether the process reads this standard input: yes, no, "
                   "or auto: if it is a pipe or a file")
      ->check(CLI::IsMember({"auto", "yes", "no"}).description(""))
      ->type_name("WHEN")
      ->capture_default_str()
      ->excludes(interactive);
  command->add_option("--request-id", options->request_id,
                      "Asking again with the same one attaches instead of "
                      "running twice");
  command
      ->add_option("--wait", options->wait,
                   "Gives up after this long; the execution goes on")
      ->type_name("TIME")
      ->capture_default_str();
  AddOutputOption(*command, line);
  AddConnectionOptions(*command, options->connection);
  command->footer(kFooter);
  command->callback([&line, options] {
    TakeWords(line, options->action);
    line.failure_code = kExitAirlockError;
    line.action = [&line, options] { return Run(line, *options); };
  });
}

}  // namespace airlock::cli
