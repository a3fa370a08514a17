#include "services/policy/report/pending_count.h"

#include <algorithm>
#include <utility>

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using Done = std::function<void(absl::StatusOr<std::uint32_t>)>;

constexpr int kPageSize = 500;

void CountPages(Store& store, const std::string& agent, std::uint32_t count,
                const std::string& page_token, Done done) {
  // All that are pending are found by an index; those of one agent are not.
  ApprovalQuery query;
  query.state = Approval::STATE_PENDING;
  query.page_size = kPageSize;
  query.page_token = page_token;
  store.ListApprovals(query, [&store, agent, count, done = std::move(done)](
                                 absl::StatusOr<ApprovalPage> page) {
    if (!page.ok()) {
      done(page.status());
      return;
    }
    const auto of_agent =
        std::count_if(page->approvals.begin(), page->approvals.end(),
                      [&](const Approval& approval) {
                        return agent.empty() || approval.agent() == agent;
                      });
    const std::uint32_t total = count + static_cast<std::uint32_t>(of_agent);
    if (page->next_page_token.empty()) {
      done(total);
    } else {
      CountPages(store, agent, total, page->next_page_token, done);
    }
  });
}

}  // namespace

void CountPending(Store& store, const std::string& agent, Done done) {
  CountPages(store, agent, 0, "", std::move(done));
}

}  // namespace airlock::policy
