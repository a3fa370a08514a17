// Pages of executions, collected from what is looked at.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/policy/store/execution_filter.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// What one page looks at, whether it fits or not: a search for what is nowhere
// must not hold up whoever comes next.
inline constexpr int kMaxLookedAt = 2000;
inline constexpr std::size_t kMaxSpecBytesLookedAt = std::size_t{16} << 20U;

// One execution that is looked at. What is large, or stands elsewhere, is read
// when it is needed.
struct HistoryRow {
  const airlock::v1::Execution& execution;
  absl::FunctionRef<absl::string_view()> spec;
  absl::FunctionRef<std::optional<ApprovalRecord>()> approval;
};

// Collects one page of a query. Not thread-safe.
class HistoryCollector {
 public:
  // `query` must outlive it.
  HistoryCollector(const ExecutionQuery& query, HistoryParts parts)
      : query_(query), parts_(parts) {}

  // Looks at the next one, newest first, within IdRangeOf() the query. False:
  // it belongs to the next page, and so does all that follows.
  bool Take(const HistoryRow& row);

  HistoryPage TakePage() && { return std::move(page_); }

 private:
  // Whether the page has room for what passes of it.
  bool TakeWanted(const HistoryRow& row);
  void EndPage() { page_.next_page_token = last_; }

  const ExecutionQuery& query_;
  const HistoryParts parts_;
  HistoryPage page_;
  // The id of the one looked at last.
  std::string last_;
  int looked_at_ = 0;
  std::size_t spec_bytes_ = 0;
  // On the page.
  std::size_t bytes_ = 0;
};

// The executions of a page alone.
absl::StatusOr<ExecutionPage> WithoutHistory(
    absl::StatusOr<HistoryPage> history);

}  // namespace airlock::policy
