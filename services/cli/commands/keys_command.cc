#include "services/cli/commands/keys_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/cli/certs/grant_keys.h"
#include "services/cli/render/table.h"

namespace airlock::cli {
namespace {

struct Options {
  std::string directory;
  bool prepare = false;
  bool make_switch = false;
};

std::string UseWord(GrantKeyUse use) {
  switch (use) {
    case GrantKeyUse::kSigns:
      return "signs";
    case GrantKeyUse::kNext:
      return "next";
    case GrantKeyUse::kOld:
      return "old";
  }
  return "";
}

int Init(const CommandLine& line, const Options& options) {
  absl::Status made = InitGrantKeys(options.directory);
  if (!made.ok()) return Fail(line, made);
  std::cout << "grant.key is for policy.grantKeyPath alone; grant.pub is for "
               "executor.grantPublicKeyPath."
            << std::endl;
  return kExitOk;
}

int Rotate(const CommandLine& line, const Options& options) {
  if (options.prepare) {
    absl::Status prepared = PrepareGrantKey(options.directory);
    if (!prepared.ok()) return Fail(line, prepared);
    std::cout << "The next key is in grant.key.next. Give every executor the "
                 "new grant.pub, then: airlock keys rotate --switch"
              << std::endl;
    return kExitOk;
  }
  absl::Status switched = SwitchGrantKey(options.directory);
  if (!switched.ok()) return Fail(line, switched);
  std::cout << "grant.key is the new key. Once every policy service has it: "
               "airlock keys retire"
            << std::endl;
  return kExitOk;
}

int Retire(const CommandLine& line, const Options& options) {
  const absl::StatusOr<int> retired = RetireGrantKeys(options.directory);
  if (!retired.ok()) return Fail(line, retired.status());
  std::cout << *retired
            << " taken out of grant.pub; give every executor the new one"
            << std::endl;
  return kExitOk;
}

int List(const CommandLine& line, const Options& options) {
  const absl::StatusOr<std::vector<GrantKeyFacts>> keys =
      ListGrantKeys(options.directory);
  if (!keys.ok()) return Fail(line, keys.status());
  nlohmann::json json = nlohmann::json::array();
  Table table({"KEY", "USE", "ACCEPTED"});
  for (const GrantKeyFacts& key : *keys) {
    json.push_back({{"fingerprint", key.fingerprint},
                    {"use", UseWord(key.use)},
                    {"accepted", key.accepted}});
    table.AddRow(
        {key.fingerprint, UseWord(key.use), key.accepted ? "yes" : "no"});
  }
  if (line.output == OutputFormat::kJson) {
    return PrintJson(nlohmann::json{{"keys", json}});
  }
  std::cout << table.ToText() << std::flush;
  return kExitOk;
}

constexpr const char* kFooter =
    "Grants are the policy service's permissions to start. It signs with\n"
    "grant.key; executors accept the keys of grant.pub, which they read again\n"
    "when it changes. To replace a key without refusing a start:\n"
    "  airlock keys rotate DIR --prepare   then copy grant.pub to executors\n"
    "  airlock keys rotate DIR --switch    then copy grant.key to the policy\n"
    "  airlock keys retire DIR             then copy grant.pub to executors\n"
    "`airlock up` keeps them in certs/ of its state directory.";

}  // namespace

void AddKeysCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* keys =
      app.add_subcommand("keys", "Makes and replaces the keys of grants");
  keys->require_subcommand(1);
  keys->footer(kFooter);
  const auto add = [&](const std::string& name, const std::string& description,
                       int (*action)(const CommandLine&, const Options&)) {
    CLI::App* command = keys->add_subcommand(name, description);
    command->add_option("dir", options->directory, "Where the keys are")
        ->required()
        ->type_name("DIR");
    command->callback([&line, options, action] {
      line.action = [&line, options, action] { return action(line, *options); };
    });
    return command;
  };
  add("init", "Makes grant.key and grant.pub", Init);
  CLI::App* rotate = add("rotate", "Replaces the key that signs", Rotate);
  CLI::Option_group* step = rotate->add_option_group("Step");
  step->add_flag("--prepare", options->prepare,
                 "Makes the next key, and lets executors accept it too");
  step->add_flag("--switch", options->make_switch, "Signs with the next key");
  step->require_option(1);
  add("retire", "Takes the keys that were replaced out of grant.pub", Retire);
  CLI::App* list = add("ls", "Lists the keys and what each is for", List);
  AddOutputOption(*list, line);
}

}  // namespace airlock::cli
