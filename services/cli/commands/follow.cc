#include "services/cli/commands/follow.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/run/exit_code.h"
#include "services/cli/run/json_sink.h"
#include "services/cli/run/signal_watcher.h"
#include "services/cli/run/terminal_sink.h"
#include "services/cli/run/write_fully.h"

namespace airlock::cli {
namespace {

// Who presses Ctrl-C twice at once wants both: that it ends, and to be gone.
constexpr absl::Duration kCancelPatience = absl::Seconds(2);

std::unique_ptr<EventSink> MakeSink(OutputFormat output) {
  if (output == OutputFormat::kJson) {
    return std::make_unique<JsonSink>(STDOUT_FILENO, STDERR_FILENO);
  }
  return std::make_unique<TerminalSink>(STDOUT_FILENO, STDERR_FILENO);
}

// Ends the process whatever its other threads wait for.
[[noreturn]] void Detach(const std::string& id) {
  PrintNote(id.empty()
                ? "detached"
                : absl::StrCat("detached; airlock executions watch ", id));
  std::_Exit(kExitCancelled);
}

}  // namespace

void PrintNote(absl::string_view text) {
  // Who does not read standard error gets no notes.
  WriteFully(STDERR_FILENO, absl::StrCat("airlock: ", text, "\n"))
      .IgnoreError();
}

int FollowAsCommand(const CommandLine& line, const ConnectionFlags& flags,
                    absl::Time deadline, WhoCancels who_cancels,
                    const std::function<absl::StatusOr<airlock::v1::Execution>(
                        AirlockClient&, Follower&)>& follow) {
  // The watcher comes first, before gRPC makes threads, and so it is there
  // before there is anything to cancel.
  absl::Mutex mutex;
  Follower* follower = nullptr;
  const SignalWatcher signals([&](int count) {
    const absl::MutexLock lock(&mutex);
    if (follower == nullptr) Detach("");
    if (count > 1 || who_cancels == WhoCancels::kNobody) {
      follower->AwaitCancelling(kCancelPatience);
      Detach(follower->id());
    }
    PrintNote("cancelling; once more leaves it running");
    follower->Cancel();
  });
  const absl::StatusOr<std::unique_ptr<AirlockClient>> client =
      ConnectAs(flags);
  if (!client.ok()) return Fail(line, client.status());
  const std::unique_ptr<EventSink> sink = MakeSink(line.output);
  Follower followed(**client, *sink, deadline);
  {
    const absl::MutexLock lock(&mutex);
    follower = &followed;
  }
  const absl::StatusOr<airlock::v1::Execution> execution =
      follow(**client, followed);
  {
    const absl::MutexLock lock(&mutex);
    follower = nullptr;
  }
  if (!execution.ok()) return Fail(line, execution.status());
  const std::string why = WhyText(*execution);
  if (!why.empty() && line.output == OutputFormat::kTable) PrintNote(why);
  return ExitCodeOf(*execution);
}

}  // namespace airlock::cli
