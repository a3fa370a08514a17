// What was asked for, shown beside an execution.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "airlock/v1/execution.pb.h"
#include "common/concurrency/worker_pool.h"
#include "common/security/authenticator.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Renders actions from the bytes that are kept of them, on a thread of its own:
// it may take long. Thread-safe; nothing blocks. Both arguments must outlive
// it; the store may go when no call is under way.
class ExecutionViews {
 public:
  using Done =
      std::function<void(absl::StatusOr<airlock::v1::GetExecutionResponse>)>;

  ExecutionViews(const PolicySource& policy, Store& store)
      : policy_(policy), store_(store), thread_(/*threads=*/1, kMaxWaiting) {}

  // Answers `principal`, who may see `record`, whose spec may be left out.
  // DATA_LOSS with reason STORE_DAMAGED: the bytes that are kept are not those
  // of its digest. RESOURCE_EXHAUSTED: too much waits to be rendered.
  void Answer(const Principal& principal, ExecutionRecord record, Done done);

 private:
  static constexpr std::size_t kMaxWaiting = 256;

  bool MaySeeView(const Principal& principal,
                  const airlock::v1::Execution& execution) const;
  void Render(std::shared_ptr<const ExecutionRecord> record, const Done& done);

  const PolicySource& policy_;
  Store& store_;
  WorkerPool thread_;
};

}  // namespace airlock::policy
