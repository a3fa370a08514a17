#include "services/cli/commands/report_command.h"

#include <iostream>
#include <memory>

#include "absl/time/clock.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/filters/execution_filter.h"
#include "services/cli/render/report_text.h"

namespace airlock::cli {
namespace {

struct Options {
  // Looking back over everybody is the operator's business.
  ConnectionFlags connection = {.as_operator = true};
  RangeOptions range;
};

int Report(const CommandLine& line, const Options& options) {
  airlock::v1::GetApprovalReportRequest request;
  auto range = RangeFromOptions(options.range, absl::Now());
  if (!range.ok()) return Fail(line, range.status());
  *request.mutable_range() = *std::move(range);
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  const auto report = (*client)->GetApprovalReport(request);
  if (!report.ok()) return Fail(line, report.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *report);
  std::cout << ApprovalReportText(*report) << std::flush;
  return kExitOk;
}

}  // namespace

void AddReportCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = AddCallingCommand(
      app, line, options->connection, "report",
      "Says by agent, kind and rule what was asked and how it was answered",
      [&line, options] { return Report(line, *options); });
  AddRangeOptions(*command, options->range);
  command->footer(
      "\"FULL WOULD RUN\" is what the level \"full\" would let start under "
      "the\n"
      "policy in force; `airlock policy replay` tries any other policy.\n"
      "Examples:\n"
      "  airlock report --since 7d\n"
      "  airlock report --since 2026-11-01 --agent ci-bot -o json");
}

}  // namespace airlock::cli
