// Tells the policy service what this gateway refused, for its audit.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/time/clock.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/refusals/refusal_buffer.h"
#include "services/gateway/refusals/refusal_sender.h"

namespace airlock::gateway {

// Collects attempts and reports them, so many at once, whenever Report() is
// called. While nobody takes them they wait, and what finds no room is counted:
// by the metric, and by the next report. Add() is thread-safe and never waits
// for a report; the other calls come one after another. All arguments must
// outlive it.
class RefusalReporter {
 public:
  // Different attempts in one report: with one report a second no more than
  // the policy service writes down.
  static constexpr std::size_t kMaxAttemptsPerReport = 10;
  // How long one report may take.
  static constexpr absl::Duration kReportTimeout = absl::Seconds(2);

  RefusalReporter(RefusalSender& sender, const Clock& clock,
                  GatewayMetrics& metrics)
      : sender_(sender), clock_(clock), metrics_(metrics) {}

  // A call was refused. `principal` is empty where nobody known called.
  void Add(absl::string_view method, std::string reason, std::string principal,
           std::string peer_address);

  // Sends a report if there is something to tell. Blocks, at most for
  // kReportTimeout.
  void Report();

  // Sends all that waits, in one report, and blocks until then or `deadline`.
  // What could not be told is told by the log: there is no next report.
  void ReportRest(absl::Time deadline);

 private:
  // Whether it was taken; if not, it waits again.
  bool Send(RefusalReport report, absl::Time deadline);

  RefusalSender& sender_;
  const Clock& clock_;
  GatewayMetrics& metrics_;
  RefusalBuffer buffer_;
  // A line in the log for each change, not for each report.
  bool failing_ = false;
};

}  // namespace airlock::gateway
