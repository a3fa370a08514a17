#include "services/cli/commands/files_command.h"

#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "services/cli/commands/copy.h"
#include "services/cli/commands/follow.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/run/exit_code.h"
#include "services/cli/run/signal_watcher.h"
#include "services/cli/run/write_fully.h"
#include "services/cli/workspace/file_actions.h"
#include "services/cli/workspace/remote_path.h"

namespace airlock::cli {
namespace {

// Long enough for every approval on the way.
constexpr absl::Duration kLongest = absl::Hours(24);

struct Options {
  ConnectionFlags connection;
  std::string from;
  std::string to;
  bool recursive = false;
};

// Connects and lets `act` ask for file actions in `session`; the first signal
// cancels the one under way, a second one ends the process.
int Act(const CommandLine& line, const Options& options,
        const std::string& session,
        const std::function<absl::Status(FileActions&)>& act) {
  absl::Mutex mutex;
  FileActions* current = nullptr;
  const SignalWatcher signals([&](int count) {
    const absl::MutexLock lock(&mutex);
    if (count > 1 || current == nullptr) std::_Exit(kExitCancelled);
    PrintNote("cancelling; once more ends it at once");
    current->Interrupt();
  });
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  FileActions actions(**client, session, absl::Now() + kLongest, PrintNote);
  {
    const absl::MutexLock lock(&mutex);
    current = &actions;
  }
  const absl::Status done = act(actions);
  {
    const absl::MutexLock lock(&mutex);
    current = nullptr;
  }
  if (done.ok()) return kExitOk;
  Fail(line, done);
  return actions.failure_code();
}

int FailUsage(CommandLine line, const absl::Status& error) {
  line.failure_code = kExitUsage;
  return Fail(line, error);
}

int Copy(const CommandLine& line, const Options& options) {
  const absl::StatusOr<CopyPlan> plan =
      PlanCopy(options.from, options.to, options.recursive);
  if (!plan.ok()) return FailUsage(line, plan.status());
  Copied copied;
  const int code = Act(
      line, options, plan->remote.session,
      [&](FileActions& actions) { return CarryOut(*plan, actions, copied); });
  if (code == kExitOk && line.output == OutputFormat::kJson &&
      plan->local != kStandardStream) {
    PrintJson(nlohmann::json{{"files", copied.files}, {"bytes", copied.bytes}});
  }
  return code;
}

int List(const CommandLine& line, const Options& options) {
  const absl::StatusOr<RemotePath> remote = RequireRemotePath(options.from);
  if (!remote.ok()) return FailUsage(line, remote.status());
  return Act(line, options, remote->session, [&](FileActions& actions) {
    return actions.List(remote->path, [&](const DirectoryEntry& entry) {
      return WriteFully(STDOUT_FILENO, line.output == OutputFormat::kJson
                                           ? EntryJson(entry)
                                           : EntryLine(entry));
    });
  });
}

int Remove(const CommandLine& line, const Options& options) {
  const absl::StatusOr<RemotePath> remote = RequireRemotePath(options.from);
  if (!remote.ok()) return FailUsage(line, remote.status());
  return Act(line, options, remote->session, [&](FileActions& actions) {
    return actions.Delete(remote->path, options.recursive);
  });
}

constexpr char kFooter[] =
    "SESSION:PATH is a file in a session's workspace; ./a:b is one of this\n"
    "machine. Each is one action or several, decided as file_read, file_write\n"
    "or file_delete. Exits with 1 if an action failed, 77 if it was denied,\n"
    "125 for an error of Airlock itself.\n"
    "Examples:\n"
    "  airlock files cp main.py build:src/\n"
    "  airlock files cp build:out/report.pdf .\n"
    "  airlock files cp -r site build:www\n"
    "  tar c . | airlock files cp - build:all.tar\n"
    "  airlock files ls build:\n"
    "  airlock files rm -r build:out";

constexpr char kCopyFooter[] =
    "A destination that ends with / (or, here, is a directory) is copied "
    "into.\n"
    "Into a session: up to 8 MiB go in one step, of which readers see all or\n"
    "nothing. More goes in steps of 8 MiB: the first one replaces what is\n"
    "there, and until the last one readers see a beginning of the file; so\n"
    "does who looks after a copy that failed on the way, which says how much\n"
    "that is. From a session: the file takes its place here when it is whole\n"
    "and did not change meanwhile. Permission bits are kept, here within the\n"
    "umask. -r leaves links and special files out, and says so.";

}  // namespace

void AddFilesCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* files = app.add_subcommand(
      "files", "Copies, lists and deletes files of sessions");
  files->require_subcommand(1);
  files->footer(kFooter);
  const auto add = [&](const std::string& name, const std::string& description,
                       int (*action)(const CommandLine&, const Options&)) {
    CLI::App* command = AddCallingCommand(
        *files, line, options->connection, name, description,
        [&line, options, action] { return action(line, *options); });
    command->parse_complete_callback(
        [&line] { line.failure_code = kExitAirlockError; });
    return command;
  };
  CLI::App* copy =
      add("cp", "Copies a file into a session or out of one", Copy);
  copy->add_option("from", options->from, "What; - is standard input")
      ->required()
      ->type_name("PATH");
  copy->add_option("to", options->to, "Where to; - is standard output")
      ->required()
      ->type_name("PATH");
  copy->footer(kCopyFooter);
  CLI::App* list = add("ls", "Lists a directory", List);
  CLI::App* remove = add("rm", "Deletes a file or an empty directory", Remove);
  for (CLI::App* command : {list, remove}) {
    command->add_option("path", options->from, "Which one")
        ->required()
        ->type_name("SESSION:PATH");
  }
  copy->add_flag("-r,--recursive", options->recursive,
                 "A directory with all that is in it");
  remove->add_flag("-r,--recursive", options->recursive,
                   "A directory with all that is in it");
}

}  // namespace airlock::cli
