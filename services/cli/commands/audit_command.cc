#include "services/cli/commands/audit_command.h"

#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/audit_chain/audit_ndjson.h"
#include "common/security/digest.h"
#include "common/security/ed25519.h"
#include "common/status/error.h"
#include "common/text_escape/escape.h"
#include "nlohmann/json.hpp"
#include "services/cli/audit/export_verifier.h"
#include "services/cli/audit/filter_options.h"
#include "services/cli/audit/new_file.h"
#include "services/cli/audit/record_text.h"
#include "services/cli/commands/paging.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/render/fact_list.h"
#include "services/cli/render/table.h"

namespace airlock::cli {
namespace {

using airlock::v1::AuditRecord;
using airlock::v1::ExportAuditRecordsRequest;
using airlock::v1::ExportAuditRecordsResponse;
using airlock::v1::SealedAuditRecord;

constexpr absl::Duration kShowTimeout = absl::Seconds(30);
constexpr absl::Duration kLongestExport = absl::Hours(6);

struct Options {
  ConnectionFlags connection = {.as_operator = true};
  FilterOptions filter;
  int limit = 50;
  std::uint64_t sequence = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::string file;
  std::string anchor;
  std::vector<std::string> public_keys;
};

// One JSON object in one line, safe for a terminal.
template <typename Item>
std::string SafeLine(const Item& item) {
  return EscapeJson(AuditLine(item));
}

int PrintList(const CommandLine& line,
              const airlock::v1::ListAuditRecordsResponse& all) {
  if (line.output == OutputFormat::kJson) {
    nlohmann::ordered_json records = nlohmann::ordered_json::array();
    for (const SealedAuditRecord& sealed : all.records()) {
      records.push_back(nlohmann::ordered_json::parse(AuditLine(sealed)));
    }
    const nlohmann::ordered_json list = {
        {"records", records}, {"nextPageToken", all.next_page_token()}};
    std::cout << EscapeJson(list.dump(2)) << std::endl;
    return kExitOk;
  }
  Table table(RecordColumns());
  for (const SealedAuditRecord& sealed : all.records()) {
    AuditRecord record;
    if (!record.ParseFromString(sealed.record())) {
      return Fail(line, absl::DataLossError("a record cannot be read: the "
                                            "bytes are not a record"));
    }
    table.AddRow(RecordCells(record));
  }
  std::cout << table.ToText() << std::flush;
  return kExitOk;
}

int List(const CommandLine& line, const Options& options) {
  airlock::v1::ListAuditRecordsRequest request;
  auto filter = FilterFromOptions(options.filter, absl::Now());
  if (!filter.ok()) return Fail(line, filter.status());
  *request.mutable_filter() = *std::move(filter);
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  const auto all = ListUpTo(
      options.limit, request,
      [&client](const auto& page) { return (*client)->ListAuditRecords(page); },
      [](const auto& response) { return response.records_size(); });
  if (!all.ok()) return Fail(line, all.status());
  return PrintList(line, *all);
}

// The record of this sequence. kNotFound: there is none.
absl::StatusOr<SealedAuditRecord> FindRecord(AirlockClient& client,
                                             std::uint64_t sequence) {
  ExportAuditRecordsRequest request;
  request.set_from_sequence(sequence);
  request.set_to_sequence(sequence);
  const auto stream =
      client.ExportAuditRecords(request, absl::Now() + kShowTimeout);
  std::optional<SealedAuditRecord> found;
  for (ExportAuditRecordsResponse item; stream->Next(item);) {
    if (item.has_record()) found = std::move(*item.mutable_record());
  }
  absl::Status status = stream->Finish();
  if (!status.ok()) return status;
  if (found.has_value()) return *std::move(found);
  return MakeError(absl::StatusCode::kNotFound, "AUDIT_RECORD_NOT_FOUND",
                   absl::StrCat("there is no record ", sequence),
                   {{"sequence", absl::StrCat(sequence)}});
}

int Show(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  const auto record = FindRecord(**client, options.sequence);
  if (!record.ok()) return Fail(line, record.status());
  if (line.output == OutputFormat::kJson) {
    std::cout << SafeLine(*record) << std::endl;
  } else {
    std::cout << RecordText(*record) << std::flush;
  }
  return kExitOk;
}

using WriteLine = std::function<absl::Status(absl::string_view line)>;

absl::Status StreamLines(AuditStream& stream, const WriteLine& write) {
  for (ExportAuditRecordsResponse item; stream.Next(item);) {
    const std::string line = item.has_record() ? SafeLine(item.record())
                                               : SafeLine(item.checkpoint());
    absl::Status written = write(absl::StrCat(line, "\n"));
    if (!written.ok()) return written;
  }
  return stream.Finish();
}

absl::Status WriteOut(absl::string_view line) {
  if (std::cout << line) return absl::OkStatus();
  return absl::UnavailableError("standard output cannot be written");
}

absl::Status ExportTo(const std::string& path, AuditStream& stream) {
  if (path.empty() || path == "-") {
    absl::Status status = StreamLines(stream, WriteOut);
    if (status.ok() && !std::cout.flush()) return WriteOut("");
    return status;
  }
  absl::StatusOr<NewFile> file = NewFile::Create(path);
  if (!file.ok()) return file.status();
  absl::Status status = StreamLines(
      stream, [&](absl::string_view text) { return file->Write(text); });
  return status.ok() ? file->Finish() : status;
}

int Export(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  ExportAuditRecordsRequest request;
  request.set_from_sequence(options.from);
  request.set_to_sequence(options.to);
  const auto stream =
      (*client)->ExportAuditRecords(request, absl::Now() + kLongestExport);
  return Finish(line, ExportTo(options.file, *stream));
}

absl::StatusOr<std::vector<VerifyKey>> ReadKeys(
    const std::vector<std::string>& paths) {
  std::vector<VerifyKey> keys;
  for (const std::string& path : paths) {
    absl::StatusOr<VerifyKey> key = VerifyKey::FromPemFile(path);
    if (!key.ok()) return key.status();
    keys.push_back(*std::move(key));
  }
  return keys;
}

absl::StatusOr<VerifyReport> RunVerify(const Options& options) {
  absl::StatusOr<std::vector<VerifyKey>> keys = ReadKeys(options.public_keys);
  if (!keys.ok()) return keys.status();
  ChainAnchors anchors;
  if (!options.anchor.empty()) {
    absl::StatusOr<ChainAnchors> read = ReadAnchors(options.anchor, *keys);
    if (!read.ok()) return read.status();
    anchors = *std::move(read);
  }
  ExportVerifier verifier(options.from, *std::move(keys), std::move(anchors));
  return VerifyExport(options.file, verifier);
}

// What a good export does not prove, for people.
std::vector<std::string> Caveats(const Options& options,
                                 const VerifyReport& report) {
  std::vector<std::string> caveats;
  if (options.public_keys.empty()) {
    caveats.emplace_back("signatures were not verified: no --public-key");
  }
  if (options.anchor.empty()) {
    caveats.emplace_back("a cut tail would not show: no --anchor");
  }
  if (!report.end_is_covered) {
    caveats.emplace_back("no checkpoint covers the last record");
  }
  if (report.first_sequence != 1) {
    caveats.push_back(absl::StrCat("what came before record ",
                                   report.first_sequence, " is not in it"));
  }
  return caveats;
}

int Verify(const CommandLine& line, const Options& options) {
  const absl::StatusOr<VerifyReport> report = RunVerify(options);
  if (!report.ok()) return Fail(line, report.status());
  const std::vector<std::string> caveats = Caveats(options, *report);
  if (line.output == OutputFormat::kJson) {
    return PrintJson(
        nlohmann::json{{"writer", report->head.writer},
                       {"firstSequence", report->first_sequence},
                       {"lastSequence", report->head.sequence},
                       {"lastHash", HexEncode(report->head.hash)},
                       {"records", report->records},
                       {"missingPayloads", report->missing_payloads},
                       {"checkpoints", report->checkpoints},
                       {"endIsCovered", report->end_is_covered},
                       {"caveats", caveats}});
  }
  FactList facts;
  facts.Add("writer", EscapeText(report->head.writer));
  facts.Add("records",
            absl::StrCat(report->records, ", from ", report->first_sequence,
                         " to ", report->head.sequence));
  facts.Add("payloads",
            absl::StrCat(report->missing_payloads, " are no longer kept"));
  facts.Add("checkpoints", absl::StrCat(report->checkpoints));
  facts.Add("last hash", HexEncode(report->head.hash));
  for (const std::string& caveat : caveats) facts.Add("note", caveat);
  std::cout << facts.text() << "good: nothing was changed" << std::endl;
  return kExitOk;
}

void AddFilterOptions(CLI::App& command, FilterOptions& filter) {
  command
      .add_option("--since", filter.since,
                  "At this time or later: 2026-11-27T10:15:00Z, 2026-11-27 or "
                  "how long ago, such as 90m or 7d")
      ->type_name("TIME");
  command.add_option("--until", filter.until, "Before this time")
      ->type_name("TIME");
  command.add_option("--agent", filter.agent, "Only about this agent");
  command.add_option("--action", filter.action,
                     "Only about this kind of action, such as code_exec");
  command.add_option("--outcome", filter.outcome,
                     "Only with this outcome, such as allow, deny or exited");
  command.add_option("--type", filter.type,
                     "Only of this type, such as request, start or end");
  command.add_option("--text", filter.text,
                     "Only with this text in the payload, an actor, a reason "
                     "or a rule");
  command.add_option("--execution", filter.execution,
                     "Only about this execution");
}

void AddExport(CLI::App& audit, CommandLine& line,
               const std::shared_ptr<Options>& options) {
  CLI::App* command = AddCallingCommand(
      audit, line, options->connection, "export",
      "Writes records in the order of their chain, for verification elsewhere",
      [&line, options] { return Export(line, *options); });
  command
      ->add_option("file", options->file,
                   "A new file, for its owner alone; standard output without")
      ->type_name("FILE");
  command->add_option("--from", options->from, "The first record")
      ->type_name("SEQUENCE");
  command->add_option("--to", options->to, "The last record")
      ->type_name("SEQUENCE");
}

void AddVerify(CLI::App& audit, CommandLine& line,
               const std::shared_ptr<Options>& options) {
  CLI::App* command = audit.add_subcommand(
      "verify", "Verifies an export, offline; names the first bad record");
  AddOutputOption(*command, line);
  command->add_option("file", options->file, "The export; - is standard input")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--anchor", options->anchor,
                   "Checkpoints from elsewhere, so that a cut tail is found: "
                   "the service's file, or an earlier export")
      ->type_name("FILE")
      ->check(NotEmpty());
  command
      ->add_option("--public-key", options->public_keys,
                   "Who may have signed checkpoints; may be given several "
                   "times")
      ->type_name("FILE")
      ->expected(1)
      ->take_all()
      ->check(NotEmpty());
  command
      ->add_option("--from", options->from,
                   "The first record of an export that does not begin with 1")
      ->type_name("SEQUENCE")
      ->check(CLI::PositiveNumber.description(""));
  command->callback([&line, options] {
    if (options->from == 0) options->from = 1;
    line.action = [&line, options] { return Verify(line, *options); };
  });
}

constexpr const char* kFooter =
    "For auditors and operators: where `airlock up` runs these ask with the\n"
    "operator's token that it made. `verify` asks nobody.\n"
    "Examples:\n"
    "  airlock audit ls --since 24h --agent ci-bot --outcome deny\n"
    "  airlock audit show 42\n"
    "  airlock audit export audit.ndjson\n"
    "  airlock audit verify audit.ndjson --anchor checkpoints.ndjson \\\n"
    "      --public-key policy.pub";

}  // namespace

void AddAuditCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* audit = app.add_subcommand(
      "audit",
      "Reads and verifies the record of what was asked, decided and "
      "run");
  audit->require_subcommand(1);
  audit->footer(kFooter);
  CLI::App* list = AddCallingCommand(
      *audit, line, options->connection, "ls", "Lists records, newest first",
      [&line, options] { return List(line, *options); });
  AddFilterOptions(*list, options->filter);
  list->add_option("--limit", options->limit, "How many at most")
      ->check(CLI::Range(1, 100000).description(""))
      ->capture_default_str();
  CLI::App* show = AddCallingCommand(
      *audit, line, options->connection, "show",
      "Shows all that is known of one, with what was asked for",
      [&line, options] { return Show(line, *options); });
  show->add_option("sequence", options->sequence, "Which one")
      ->required()
      ->check(CLI::PositiveNumber.description(""));
  AddExport(*audit, line, options);
  AddVerify(*audit, line, options);
}

}  // namespace airlock::cli
