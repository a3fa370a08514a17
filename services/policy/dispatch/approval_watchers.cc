#include "services/policy/dispatch/approval_watchers.h"

#include <utility>
#include <vector>

#include "common/status/error.h"

namespace airlock::policy {

using airlock::v1::Approval;

namespace {

bool Follows(const ApprovalWatchers::Follower& follower,
             const Approval& approval) {
  return follower.agent.empty() || follower.agent == approval.agent();
}

}  // namespace

void ApprovalWatchers::Attach(ApprovalWatcherId id, Follower follower,
                              const std::vector<Approval>& now) {
  Watcher& watcher = watchers_[id];
  watcher.follower = std::move(follower);
  for (const Approval& approval : now) {
    if (!Follows(watcher.follower, approval)) continue;
    watcher.order.push_back(approval.id());
    watcher.newest[approval.id()] = approval;
  }
  watcher.order.emplace_back();
  Advance(watcher);
}

std::optional<ApprovalWatchers::Seen> ApprovalWatchers::Written(
    ApprovalWatcherId id) {
  const auto found = watchers_.find(id);
  if (found == watchers_.end()) return std::nullopt;
  Watcher& watcher = found->second;
  watcher.writing = false;
  const std::string told = std::exchange(watcher.under_way, "");
  Advance(watcher);
  if (told.empty() || watcher.follower.approver.empty()) return std::nullopt;
  return Seen{told, watcher.follower.approver};
}

void ApprovalWatchers::Tell(const Approval& approval) {
  for (auto it = watchers_.begin(); it != watchers_.end();) {
    Watcher& watcher = it->second;
    if (Follows(watcher.follower, approval) &&
        watcher.newest.insert_or_assign(approval.id(), approval).second) {
      watcher.order.push_back(approval.id());
    }
    if (watcher.order.size() > max_behind_) {
      watcher.follower.sink->Finish(
          MakeError(absl::StatusCode::kResourceExhausted, "WATCHER_TOO_SLOW",
                    "this stream fell too far behind; open it again"));
      it = watchers_.erase(it);
      continue;
    }
    Advance(watcher);
    ++it;
  }
}

void ApprovalWatchers::Advance(Watcher& watcher) {
  if (watcher.writing || watcher.order.empty()) return;
  airlock::v1::WatchApprovalsResponse message;
  const std::string id = std::move(watcher.order.front());
  watcher.order.pop_front();
  if (!id.empty()) {
    const auto newest = watcher.newest.find(id);
    *message.mutable_approval() = std::move(newest->second);
    watcher.newest.erase(newest);
  }
  watcher.writing = true;
  watcher.under_way = id;
  watcher.follower.sink->Send(std::move(message));
}

void ApprovalWatchers::Abort(const absl::Status& status) {
  const auto watchers = std::exchange(watchers_, {});
  for (const auto& [id, watcher] : watchers)
    watcher.follower.sink->Finish(status);
}

}  // namespace airlock::policy
