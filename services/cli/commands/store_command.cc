#include "services/cli/commands/store_command.h"

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "common/text_escape/escape.h"
#include "nlohmann/json.hpp"
#include "services/policy/store_factory.h"

namespace airlock::cli {
namespace {

struct Options {
  std::string from;
  std::string to;
};

int Backup(const CommandLine& line, const Options& options) {
  absl::Status copied = policy::BackupStore(options.from, options.to);
  if (!copied.ok()) return Fail(line, copied);
  std::cout << "copied to " << EscapeText(options.to) << std::endl;
  return kExitOk;
}

int Check(const CommandLine& line, const Options& options) {
  const absl::StatusOr<std::vector<std::string>> problems =
      policy::CheckStore(options.from);
  if (!problems.ok()) return Fail(line, problems.status());
  const int code = problems->empty() ? kExitOk : kExitFailure;
  if (line.output == OutputFormat::kJson) {
    PrintJson({{"ok", problems->empty()}, {"problems", *problems}});
    return code;
  }
  for (const std::string& problem : *problems) {
    std::cout << EscapeText(problem) << "\n";
  }
  std::cout << (problems->empty() ? "ok\n" : "") << std::flush;
  return code;
}

}  // namespace

void AddStoreCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* store = app.add_subcommand(
      "store", "Copies and checks the policy service's database");
  store->require_subcommand(1);
  store->footer(
      "The file is policy.storePath; `airlock up` keeps it as airlock.db in "
      "its\nstate directory. The service may be at work meanwhile.\n"
      "Examples:\n"
      "  airlock store backup /var/lib/airlock/airlock.db copy.db\n"
      "  airlock store check copy.db");

  CLI::App* backup = store->add_subcommand(
      "backup", "Copies the database into a new file, whole and consistent");
  backup->add_option("from", options->from, "The database")
      ->required()
      ->type_name("FROM");
  backup->add_option("to", options->to, "The copy, which must not be there")
      ->required()
      ->type_name("TO");
  backup->callback([&line, options] {
    line.action = [&line, options] { return Backup(line, *options); };
  });

  CLI::App* check = store->add_subcommand(
      "check", "Says what is wrong with a database; 1: something is");
  check->add_option("file", options->from, "The database")
      ->required()
      ->type_name("FILE");
  AddOutputOption(*check, line);
  check->callback([&line, options] {
    line.action = [&line, options] { return Check(line, *options); };
  });
}

}  // namespace airlock::cli
