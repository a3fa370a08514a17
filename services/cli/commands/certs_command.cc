#include "services/cli/commands/certs_command.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/text_escape/escape.h"
#include "nlohmann/json.hpp"
#include "services/cli/certs/certificate_directory.h"
#include "services/cli/certs/certificate_facts.h"
#include "services/cli/certs/principal_certificate.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/files/small_file.h"
#include "services/cli/render/table.h"

namespace airlock::cli {
namespace {

constexpr std::size_t kMaxPemBytes = 1 << 20;

// Absent from a directory where nobody shows a certificate.
constexpr bool IsOptional(absl::string_view name) {
  return name == "client-ca";
}

struct Options {
  std::string directory;
  std::vector<std::string> hosts;
  int days = 825;
  bool force = false;
};

struct ClientOptions {
  std::string directory;
  std::string id;
  std::string role = "agent";
  std::string out;
  int days = 30;
  bool force = false;
};

void AddDirectoryOption(CLI::App& command, std::string& directory) {
  command.add_option("--dir", directory, "Where certificates and keys are")
      ->required()
      ->type_name("DIR");
}

int Init(const CommandLine& line, const Options& options) {
  absl::Status made =
      CreateCertificateDirectory({.directory = options.directory,
                                  .hosts = options.hosts,
                                  .validity = absl::Hours(24) * options.days,
                                  .force = options.force},
                                 absl::Now());
  if (!made.ok()) return Fail(line, made);
  std::cout << "Certificates and keys are in " << options.directory
            << "; keep ca.key and grant.key safe." << std::endl;
  return kExitOk;
}

int Client(const CommandLine& line, const ClientOptions& options) {
  const absl::Time now = absl::Now();
  const absl::Duration validity = absl::Hours(24) * options.days;
  absl::Status made = CreatePrincipalCertificate(
      {.directory = options.directory,
       .principal = {options.id, *PrincipalRoleFromWord(options.role)},
       .out = options.out,
       .validity = validity,
       .force = options.force},
      now);
  if (!made.ok()) return Fail(line, made);
  std::cout << "Certificate " << options.out << ".pem and key " << options.out
            << ".key are good until "
            << absl::FormatTime("%Y-%m-%d", now + validity, absl::UTCTimeZone())
            << ", where gateway.clientCaPath and policy.clientCaPath have "
            << (std::filesystem::path(options.directory) / kClientAuthorityName)
                   .string()
            << "." << std::endl;
  return kExitOk;
}

std::string UsageText(const CertificateFacts& facts) {
  if (facts.is_authority) return "signs";
  std::vector<std::string> uses;
  if (facts.may_serve) uses.emplace_back("serves");
  if (facts.may_dial) uses.emplace_back("dials");
  return absl::StrJoin(uses, ", ");
}

std::string ValidityText(const CertificateFacts& facts, absl::Time now) {
  if (now > facts.expiry) return "expired";
  return absl::StrCat(absl::ToInt64Hours(facts.expiry - now) / 24, " days");
}

nlohmann::json FactsJson(const std::string& file,
                         const CertificateFacts& facts) {
  return {{"file", file},
          {"role", facts.role},
          {"subject", facts.subject},
          {"uris", facts.uris},
          {"dnsNames", facts.dns_names},
          {"addresses", facts.addresses},
          {"isAuthority", facts.is_authority},
          {"notBefore", absl::FormatTime(absl::RFC3339_sec, facts.valid_from,
                                         absl::UTCTimeZone())},
          {"notAfter", absl::FormatTime(absl::RFC3339_sec, facts.expiry,
                                        absl::UTCTimeZone())}};
}

int Show(const CommandLine& line, const Options& options) {
  Table table({"FILE", "ROLE", "USE", "EXPIRES", "LEFT", "NAMES"});
  nlohmann::json certificates = nlohmann::json::array();
  for (const char* name :
       {"ca", "gateway", "policy", "executor", "client-ca"}) {
    const std::string file = absl::StrCat(name, ".pem");
    const absl::StatusOr<std::string> pem = ReadSmallFile(
        std::filesystem::path(options.directory) / file, kMaxPemBytes);
    if (absl::IsNotFound(pem.status()) && IsOptional(name)) continue;
    if (!pem.ok()) return Fail(line, pem.status());
    const absl::StatusOr<CertificateFacts> facts = ReadCertificateFacts(*pem);
    if (!facts.ok()) {
      return Fail(line, absl::InvalidArgumentError(absl::StrCat(
                            file, ": ", facts.status().message())));
    }
    certificates.push_back(FactsJson(file, *facts));
    table.AddRow(
        {file, EscapeText(facts->role), UsageText(*facts),
         absl::FormatTime("%Y-%m-%d", facts->expiry, absl::UTCTimeZone()),
         ValidityText(*facts, absl::Now()),
         EscapeText(absl::StrCat(absl::StrJoin(facts->dns_names, " "),
                                 facts->addresses.empty() ? "" : " ",
                                 absl::StrJoin(facts->addresses, " ")))});
  }
  if (line.output == OutputFormat::kJson) {
    return PrintJson(nlohmann::json{{"certificates", certificates}});
  }
  std::cout << table.ToText() << std::flush;
  return kExitOk;
}

void AddClient(CLI::App& certs, CommandLine& line) {
  const auto options = std::make_shared<ClientOptions>();
  CLI::App* client = certs.add_subcommand(
      "client",
      "Makes a principal's certificate, and at first use an authority for "
      "them: client-ca.pem");
  AddDirectoryOption(*client, options->directory);
  client->add_option("--id", options->id, "Who it is for: [a-z0-9._-]")
      ->required();
  client
      ->add_option("--role", options->role,
                   "agent, approver, auditor or operator")
      ->check(CLI::IsMember({"agent", "approver", "auditor", "operator"})
                  .description(""))
      ->capture_default_str();
  client
      ->add_option("--out", options->out,
                   "Writes PREFIX.pem, and PREFIX.key for its owner alone")
      ->required()
      ->check(NotEmpty())
      ->type_name("PREFIX");
  client
      ->add_option("--days", options->days,
                   "How long it is valid; it cannot be taken back before")
      ->check(CLI::Range(1, 3650).description(""))
      ->capture_default_str();
  client->add_flag("--force", options->force, "Replaces files that are there");
  client->footer(
      "Example:\n"
      "  airlock certs client --dir certs --role approver --id ann --out ann\n"
      "  airlock approvals ls --endpoint airlock.example.com:7400 --ca ca.pem "
      "--cert ann.pem --key ann.key");
  client->callback([&line, options] {
    line.action = [&line, options] { return Client(line, *options); };
  });
}

}  // namespace

void AddCertsCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* certs = app.add_subcommand(
      "certs",
      "Makes the certificates of the services' own connections, and of those "
      "who call them");
  certs->require_subcommand(1);

  CLI::App* init = certs->add_subcommand(
      "init",
      "Makes an authority, a certificate for each role, and the key "
      "pair of grants");
  AddDirectoryOption(*init, options->directory);
  init->add_option("--hosts", options->hosts,
                   "Further names and addresses of the services' hosts")
      ->delimiter(',')
      ->type_name("HOST,...");
  init->add_option("--days", options->days, "How long they are valid")
      ->check(CLI::Range(1, 36500).description(""))
      ->capture_default_str();
  init->add_flag("--force", options->force, "Replaces files that are there");
  init->footer(
      "Example:\n"
      "  airlock certs init --dir certs --hosts sandbox1.example.com,10.0.0.7");
  init->callback([&line, options] {
    line.action = [&line, options] { return Init(line, *options); };
  });

  AddClient(*certs, line);

  CLI::App* show =
      certs->add_subcommand("show", "Shows roles, names and expiry");
  AddDirectoryOption(*show, options->directory);
  AddOutputOption(*show, line);
  show->callback([&line, options] {
    line.action = [&line, options] { return Show(line, *options); };
  });
}

}  // namespace airlock::cli
