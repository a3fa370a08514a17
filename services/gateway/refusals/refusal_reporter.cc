#include "services/gateway/refusals/refusal_reporter.h"

#include <cstdint>
#include <utility>

#include "common/logging/log.h"

namespace airlock::gateway {

void RefusalReporter::Add(absl::string_view method, std::string reason,
                          std::string principal, std::string peer_address) {
  RefusedAttempt attempt;
  attempt.method = std::string(method);
  attempt.reason = std::move(reason);
  attempt.principal = std::move(principal);
  attempt.peer_address = std::move(peer_address);
  attempt.first_time = clock_.Now();
  metrics_.CountLeftOut(buffer_.Add(std::move(attempt)));
}

void RefusalReporter::Report() {
  RefusalReport report = buffer_.Take(kMaxAttemptsPerReport);
  if (report.empty()) return;
  Send(std::move(report), clock_.Now() + kReportTimeout);
}

void RefusalReporter::ReportRest(absl::Time deadline) {
  RefusalReport report = buffer_.Take(RefusalBuffer::kMaxAttempts);
  if (report.empty() || Send(std::move(report), deadline)) return;
  const RefusalReport lost = buffer_.Take(RefusalBuffer::kMaxAttempts);
  for (const RefusedAttempt& attempt : lost.attempts) {
    LogError("a refused attempt is missing from the audit",
             {{"method", attempt.method},
              {"reason", attempt.reason},
              {"principal", attempt.principal},
              {"peer_address", attempt.peer_address},
              {"count", attempt.count}});
  }
  if (lost.left_out > 0) {
    LogError("more refused attempts are missing from the audit",
             {{"count", lost.left_out}});
  }
}

bool RefusalReporter::Send(RefusalReport report, absl::Time deadline) {
  const absl::Status status = sender_.Send(report, deadline);
  if (status.ok()) {
    if (std::exchange(failing_, false)) {
      LogInfo("refused attempts reach the audit again");
    }
    return true;
  }
  metrics_.CountLeftOut(buffer_.GiveBack(std::move(report)));
  if (!std::exchange(failing_, true)) {
    LogWarning("refused attempts do not reach the audit and wait",
               {{"error", status}});
  }
  return false;
}

}  // namespace airlock::gateway
