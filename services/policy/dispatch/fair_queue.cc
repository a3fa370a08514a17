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

void FairQueue::Offer(
    const std::function<Answer(const std::string& id)>& take) {
  std::deque<std::string> order = turns_;
  // How many of each agent were passed over.
  std::map<std::string, std::size_t> passed;
  while (!order.empty()) {
    const std::string agent = std::move(order.front());
    order.pop_front();
    std::size_t& place = passed[agent];
    for (;;) {
      const auto found = by_agent_.find(agent);
      if (found == by_agent_.end() || place == found->second.size()) break;
      const Answer answer = take(found->second[place]);
      if (answer == Answer::kStop) return;
      if (answer == Answer::kTaken) {
        Take(found, place);
        order.push_back(agent);
        break;
      }
      ++place;
    }
  }
}

void FairQueue::Take(Waiting::iterator agent, std::size_t place) {
  const auto turn = std::find(turns_.begin(), turns_.end(), agent->first);
  std::deque<std::string>& waiting = agent->second;
  waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(place));
  --size_;
  turns_.erase(turn);
  if (waiting.empty()) {
    by_agent_.erase(agent);
  } else {
    turns_.push_back(agent->first);
  }
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

std::vector<std::string> FairQueue::InOrder() const {
  std::vector<std::string> order;
  order.reserve(size_);
  std::vector<const std::deque<std::string>*> agents;
  for (const std::string& agent : turns_) {
    agents.push_back(&by_agent_.find(agent)->second);
  }
  for (std::size_t round = 0; !agents.empty(); ++round) {
    for (const auto* waiting : agents) order.push_back((*waiting)[round]);
    std::erase_if(agents, [round](const auto* waiting) {
      return waiting->size() == round + 1;
    });
  }
  return order;
}

}  // namespace airlock::policy
