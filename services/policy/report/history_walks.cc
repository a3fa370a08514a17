#include "services/policy/report/history_walks.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

absl::Status TooManyError(std::size_t max_walks) {
  return WithRetryDelay(
      MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_REPORTS",
                absl::StrCat(max_walks,
                             " reports are being made already; try again")),
      absl::Seconds(2));
}

}  // namespace

// One walk. Its steps own it.
class HistoryWalks::Walk : public std::enable_shared_from_this<Walk> {
 public:
  Walk(HistoryWalks& walks, std::shared_ptr<HistoryVisitor> visitor)
      : walks_(walks), visitor_(std::move(visitor)) {}

  void Begin() {
    absl::StatusOr<HistoryRequest> request = visitor_->Begin();
    if (!request.ok()) {
      End(request.status());
      return;
    }
    request_ = *std::move(request);
    request_.query.page_token.clear();
    ReadPage();
  }

 private:
  void ReadPage() {
    if (visitor_->cancelled()) {
      End(absl::CancelledError("nobody waits for it any more"));
      return;
    }
    request_.query.page_size = static_cast<int>(std::min<std::size_t>(
        static_cast<std::size_t>(walks_.limits_.page_size),
        walks_.limits_.max_executions - seen_));
    walks_.store_.ReadHistory(
        request_.query, request_.parts,
        [walk = shared_from_this()](absl::StatusOr<HistoryPage> page) {
          // Shared, because it holds much and functions are copied.
          auto shared =
              std::make_shared<absl::StatusOr<HistoryPage>>(std::move(page));
          walk->walks_.Submit([walk, shared] { walk->OnPage(*shared); });
        });
  }

  void OnPage(const absl::StatusOr<HistoryPage>& page) {
    if (!page.ok()) {
      End(page.status());
      return;
    }
    seen_ += page->executions.size();
    visitor_->OnPage(page->executions);
    if (page->next_page_token.empty()) {
      End(true);
    } else if (seen_ >= walks_.limits_.max_executions) {
      End(false);
    } else {
      request_.query.page_token = page->next_page_token;
      ReadPage();
    }
  }

  void End(absl::StatusOr<bool> complete) {
    // First: who hears of the end may ask for another one.
    walks_.Release();
    visitor_->End(std::move(complete));
  }

  HistoryWalks& walks_;
  const std::shared_ptr<HistoryVisitor> visitor_;
  HistoryRequest request_;
  std::size_t seen_ = 0;
};

absl::Status HistoryWalks::Start(std::shared_ptr<HistoryVisitor> visitor) {
  {
    absl::MutexLock lock(&mutex_);
    if (under_way_ >= limits_.max_walks) return TooManyError(limits_.max_walks);
    ++under_way_;
  }
  const auto walk = std::make_shared<Walk>(*this, std::move(visitor));
  Submit([walk] { walk->Begin(); });
  return absl::OkStatus();
}

void HistoryWalks::Submit(std::function<void()> step) {
  if (thread_.TrySubmit(std::move(step))) return;
  std::cerr << "bug: a walk has more than one step waiting" << std::endl;
  std::abort();
}

void HistoryWalks::Release() {
  absl::MutexLock lock(&mutex_);
  --under_way_;
}

}  // namespace airlock::policy
