#include "services/cli/commands/replay_policy.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "common/config/config_file.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/files/small_file.h"
#include "services/cli/filters/execution_filter.h"
#include "services/cli/render/report_text.h"

namespace airlock::cli {
namespace {

using airlock::v1::ReplayPolicyRequest;
using airlock::v1::ReplayPolicyResponse;
using airlock::v1::ReplayResult;

constexpr absl::Duration kLongestReplay = absl::Minutes(10);

struct Options {
  // Looking back over everybody is the operator's business.
  ConnectionFlags connection = {.as_operator = true};
  RangeOptions range;
  std::string file;
};

// One line on a terminal, written over again and again; nothing elsewhere.
class ProgressLine {
 public:
  ~ProgressLine() {
    if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  }
  void Show(std::uint32_t requests) {
    if (!is_terminal_) return;
    std::cerr << "\r" << requests << " requests decided again" << std::flush;
    shown_ = true;
  }

 private:
  const bool is_terminal_ = isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
};

absl::StatusOr<ReplayPolicyRequest> MakeRequest(const Options& options) {
  ReplayPolicyRequest request;
  auto range = RangeFromOptions(options.range, absl::Now());
  if (!range.ok()) return range.status();
  *request.mutable_range() = *std::move(range);
  auto config = ReadSmallFile(options.file, kMaxConfigBytes);
  if (!config.ok()) return config.status();
  request.set_config(*std::move(config));
  return request;
}

absl::StatusOr<ReplayResult> AwaitResult(ReplayStream& stream) {
  ProgressLine progress;
  std::optional<ReplayResult> result;
  for (ReplayPolicyResponse item; stream.Next(item);) {
    if (item.has_result()) {
      result = std::move(*item.mutable_result());
    } else {
      progress.Show(item.progress());
    }
  }
  absl::Status status = stream.Finish();
  if (!status.ok()) return status;
  if (result.has_value()) return *std::move(result);
  return absl::InternalError("the replay ended without a result");
}

int Replay(const CommandLine& line, const Options& options) {
  const auto request = MakeRequest(options);
  if (!request.ok()) return Fail(line, request.status());
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  const auto stream =
      (*client)->ReplayPolicy(*request, absl::Now() + kLongestReplay);
  const auto result = AwaitResult(*stream);
  if (!result.ok()) return Fail(line, result.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *result);
  std::cout << ReplayText(*result) << std::flush;
  return kExitOk;
}

}  // namespace

void AddReplayCommand(CLI::App& policy, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = AddCallingCommand(
      policy, line, options->connection, "replay",
      "Says which recorded requests another configuration would decide "
      "otherwise",
      [&line, options] { return Replay(line, *options); });
  command
      ->add_option("config", options->file,
                   "The configuration to try: a file as the services read it")
      ->required()
      ->type_name("FILE");
  AddRangeOptions(*command, options->range);
  command->footer(
      "Nothing is changed or run. Of the file only the sections that decide\n"
      "count: sandbox, autonomy, approvalGating and agents.\n"
      "Examples:\n"
      "  airlock policy replay new.json --since 7d\n"
      "  airlock policy replay new.json --since 30d --agent ci-bot -o json");
}

}  // namespace airlock::cli
