#include "services/policy/rpc/execution_views.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/security/digest.h"
#include "common/status/error.h"
#include "services/policy/approval/action_view.h"
#include "services/policy/dispatch/spec_builder.h"

namespace airlock::policy {
namespace {

using airlock::v1::GetExecutionResponse;

// Escaping may make the text of an action longer, and a message has at most
// 16 MiB.
constexpr std::size_t kMaxViewBytes = std::size_t{12} << 20;

absl::Status NotAskedForError(const std::string& id) {
  return MakeError(absl::StatusCode::kDataLoss, "STORE_DAMAGED",
                   absl::StrCat("what the store has of execution ", id,
                                " is not what was asked for, so it is not "
                                "shown"),
                   {{"id", id}});
}

GetExecutionResponse WithoutView(const ExecutionRecord& record) {
  GetExecutionResponse response;
  *response.mutable_execution() = record.execution;
  return response;
}

absl::StatusOr<GetExecutionResponse> WithView(const ExecutionRecord& record) {
  if (HexEncode(SpecDigest(record.spec)) != record.execution.digest()) {
    return NotAskedForError(record.execution.id());
  }
  GetExecutionResponse response = WithoutView(record);
  *response.mutable_view() = RenderAction(record.spec, kMaxViewBytes);
  return response;
}

}  // namespace

bool ExecutionViews::MaySeeView(const Principal& principal,
                                const airlock::v1::Execution& execution) const {
  return principal.role != airlock::v1::PRINCIPAL_ROLE_APPROVER ||
         policy_.Current()
             ->contract->ForAgent(execution.agent())
             .approval.show_full_context;
}

void ExecutionViews::Answer(const Principal& principal, ExecutionRecord record,
                            Done done) {
  if (!MaySeeView(principal, record.execution)) {
    done(WithoutView(record));
    return;
  }
  const auto shared = std::make_shared<ExecutionRecord>(std::move(record));
  if (!shared->spec.empty()) {
    Render(shared, done);
    return;
  }
  store_.Find(shared->execution.id(),
              [this, shared, done = std::move(done)](
                  absl::StatusOr<std::optional<ExecutionRecord>> found) {
                if (!found.ok()) {
                  done(found.status());
                } else if (!found->has_value() || (*found)->spec.empty()) {
                  done(WithoutView(*shared));
                } else {
                  shared->spec = std::move((*found)->spec);
                  Render(shared, done);
                }
              });
}

void ExecutionViews::Render(std::shared_ptr<const ExecutionRecord> record,
                            const Done& done) {
  const bool taken = thread_.TrySubmit(
      [record = std::move(record), done] { done(WithView(*record)); });
  if (taken) return;
  done(WithRetryDelay(
      MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_VIEWS",
                "too many executions wait to be shown; try again"),
      absl::Seconds(1)));
}

}  // namespace airlock::policy
