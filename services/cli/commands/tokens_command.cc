#include "services/cli/commands/tokens_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/cli/files/small_file.h"
#include "services/cli/render/table.h"
#include "services/cli/tokens/principal_file.h"

namespace airlock::cli {
namespace {

struct Options {
  std::string file;
  std::string id;
  std::string role = "agent";
  std::string out;
  bool replace = false;
  bool add = false;
};

void AddFileOption(CLI::App& command, Options& options) {
  command
      .add_option("--file", options.file,
                  "The file of principals, as gateway.tokensPath names it")
      ->required()
      ->type_name("FILE");
}

int Create(const CommandLine& line, const Options& options) {
  const OldTokens old_tokens = options.replace ? OldTokens::kReplace
                               : options.add   ? OldTokens::kKeep
                                               : OldTokens::kRefuse;
  const absl::StatusOr<Secret> token =
      AddToken(options.file, {options.id, *PrincipalRoleFromWord(options.role)},
               old_tokens);
  if (!token.ok()) return Fail(line, token.status());
  if (options.out.empty()) {
    std::cout << token->Reveal() << std::endl;
    return kExitOk;
  }
  return Finish(line, WriteFileAtomically(options.out,
                                          absl::StrCat(token->Reveal(), "\n"),
                                          kPrivateFileMode));
}

int List(const CommandLine& line, const Options& options) {
  const absl::StatusOr<std::vector<TokenEntry>> entries =
      ReadPrincipals(options.file);
  if (!entries.ok()) return Fail(line, entries.status());
  nlohmann::json principals = nlohmann::json::array();
  Table table({"ID", "ROLE", "TOKEN SHA-256"});
  for (const TokenEntry& entry : *entries) {
    const std::string role(PrincipalRoleWord(entry.principal.role));
    const std::string digest = ToHex(entry.token_sha256);
    principals.push_back(
        {{"id", entry.principal.id}, {"role", role}, {"tokenSha256", digest}});
    table.AddRow({entry.principal.id, role, digest.substr(0, 16)});
  }
  if (line.output == OutputFormat::kJson) {
    return PrintJson(nlohmann::json{{"principals", principals}});
  }
  std::cout << table.ToText() << std::flush;
  return kExitOk;
}

void AddCreate(CLI::App& tokens, CommandLine& line,
               const std::shared_ptr<Options>& options) {
  CLI::App* command =
      tokens.add_subcommand("create", "Makes a token and prints it once");
  AddFileOption(*command, *options);
  command->add_option("--id", options->id, "Who it is for: [a-z0-9._-]")
      ->required();
  command
      ->add_option("--role", options->role,
                   "agent, approver, auditor or operator")
      ->check(CLI::IsMember({"agent", "approver", "auditor", "operator"})
                  .description(""))
      ->capture_default_str();
  command
      ->add_option("--out", options->out,
                   "Writes the token into this file, for its owner alone")
      ->type_name("FILE");
  auto* replace = command->add_flag("--replace", options->replace,
                                    "Makes its old tokens invalid");
  command->add_flag("--add", options->add, "Keeps its old tokens valid")
      ->excludes(replace);
  command->footer(
      "Only the hash is kept. Running services notice the change.\n"
      "Example:\n"
      "  airlock tokens create --file tokens.json --id ci-bot --out ci.token");
  command->callback([&line, options] {
    line.action = [&line, options] { return Create(line, *options); };
  });
}

}  // namespace

void AddTokensCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* tokens =
      app.add_subcommand("tokens", "Makes and removes principals' tokens");
  tokens->require_subcommand(1);
  AddCreate(*tokens, line, options);

  CLI::App* list = tokens->add_subcommand("ls", "Lists principals");
  AddFileOption(*list, *options);
  AddOutputOption(*list, line);
  list->callback([&line, options] {
    line.action = [&line, options] { return List(line, *options); };
  });

  CLI::App* remove =
      tokens->add_subcommand("rm", "Removes a principal with its tokens");
  AddFileOption(*remove, *options);
  remove->add_option("id", options->id, "Who")->required();
  remove->callback([&line, options] {
    line.action = [&line, options] {
      return Finish(line, RemovePrincipal(options->file, options->id));
    };
  });
}

}  // namespace airlock::cli
