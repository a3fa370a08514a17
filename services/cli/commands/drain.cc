#include "services/cli/commands/drain.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "common/text_escape/escape.h"
#include "services/cli/render/executor_text.h"

namespace airlock::cli {
namespace {

using airlock::v1::Executor;

constexpr absl::Duration kPause = absl::Milliseconds(250);

bool IsEmpty(const Executor& executor) {
  return executor.running() == 0 && executor.sessions() == 0;
}

std::string ProgressText(const Executor& executor) {
  return absl::StrCat(EscapeText(executor.id()), ": ",
                      ExecutorStateText(executor.state()), ", ",
                      executor.running(), " executions and ",
                      executor.sessions(), " sessions left");
}

absl::Status TakesWorkAgain(const std::string& id) {
  return MakeError(absl::StatusCode::kAborted, "NOT_DRAINING",
                   absl::StrCat("the executor \"", id,
                                "\" takes work again: somebody uncordoned it"),
                   {{"executor", id}});
}

absl::Status NotEmptyInTime(const Executor& executor) {
  return MakeError(absl::StatusCode::kDeadlineExceeded, "NOT_DRAINED",
                   absl::StrCat(ProgressText(executor),
                                "; it goes on draining, and waiting again is "
                                "safe"),
                   {{"executor", executor.id()}});
}

}  // namespace

absl::StatusOr<Executor> FindExecutor(AirlockClient& client,
                                      const std::string& id) {
  auto response = client.ListExecutors({});
  if (!response.ok()) return response.status();
  auto& executors = *response->mutable_executors();
  const auto found =
      std::find_if(executors.begin(), executors.end(),
                   [&id](const Executor& one) { return one.id() == id; });
  if (found != executors.end()) return std::move(*found);
  return MakeError(absl::StatusCode::kNotFound, "EXECUTOR_NOT_FOUND",
                   absl::StrCat("there is no executor \"", id,
                                "\": airlock executors ls names those that are "
                                "connected"),
                   {{"executor", id}});
}

absl::StatusOr<Executor> AwaitDrained(
    AirlockClient& client, const std::string& id, absl::Time deadline,
    const std::function<void(absl::string_view)>& tell) {
  std::string told;
  for (;;) {
    absl::StatusOr<Executor> executor = FindExecutor(client, id);
    if (!executor.ok()) return executor.status();
    if (executor->state() == Executor::STATE_READY) return TakesWorkAgain(id);
    if (IsEmpty(*executor)) return executor;
    std::string progress = ProgressText(*executor);
    if (progress != told) tell(progress);
    told = std::move(progress);
    if (absl::Now() + kPause > deadline) return NotEmptyInTime(*executor);
    absl::SleepFor(kPause);
  }
}

}  // namespace airlock::cli
