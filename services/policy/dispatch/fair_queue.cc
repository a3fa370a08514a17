#include "services/policy/dispatch/fair_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

absl::Status FullError(absl::string_view subject, std::size_t limit) {
  const std::string description =
      absl::StrCat(limit, " executions wait already, which is the most");
  return WithRetryDelay(
      WithQuotaFailure(
          MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                    absl::StrCat("the queue of ", subject, " is full: ",
                                 description, "; try again later"),
                    {{"limit", absl::StrCat(limit)}}),
          subject, description),
      absl::Seconds(1));
}

}  // namespace

absl::Status FairQueue::CheckRoom(absl::string_view agent) const {
  if (size_ >= limits_.total) return FullError("all agents", limits_.total);
  const auto found = by_agent_.find(agent);
  if (found != by_agent_.end() && found->second.size() >= limits_.per_agent) {
    return FullError(absl::StrCat("agent:", agent), limits_.per_agent);
  }
  return absl::OkStatus();
}

void FairQueue::EnsureTurn(const std::string& agent) {
  if (by_agent_.find(agent) == by_agent_.end()) turns_.push_back(agent);
}

void FairQueue::PushBack(const std::string& agent, const std::string& id) {
  EnsureTurn(agent);
  by_agent_[agent].push_back(id);
  ++size_;
}

void FairQueue::PushFront(const std::string& agent, const std::string& id) {
  EnsureTurn(agent);
  by_agent_[agent].push_front(id);
  ++size_;
}

std::string FairQueue::Pop() {
  if (turns_.empty()) return "";
  std::string agent = std::move(turns_.front());
  turns_.pop_front();
  const auto found = by_agent_.find(agent);
  std::string id = std::move(found->second.front());
  found->second.pop_front();
  --size_;
  if (found->second.empty()) {
    by_agent_.erase(found);
  } else {
    turns_.push_back(std::move(agent));
  }
  return id;
}

bool FairQueue::Remove(const std::string& agent, const std::string& id) {
  const auto found = by_agent_.find(agent);
  if (found == by_agent_.end()) return false;
  std::deque<std::string>& waiting = found->second;
  const auto position = std::find(waiting.begin(), waiting.end(), id);
  if (position == waiting.end()) return false;
  waiting.erase(position);
  --size_;
  if (waiting.empty()) {
    by_agent_.erase(found);
    turns_.erase(std::find(turns_.begin(), turns_.end(), agent));
  }
  return true;
}

}  // namespace airlock::policy
