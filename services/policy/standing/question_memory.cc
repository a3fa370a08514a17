#include "services/policy/standing/question_memory.h"

namespace airlock::policy {

std::uint32_t QuestionMemory::Remember(const StandingSubject& subject) {
  RememberLast(subject);
  const Key key(subject.agent, subject.action_hash);
  const auto [found, is_new] = counts_.try_emplace(key);
  if (!is_new) count_order_.erase(found->second.place);
  count_order_.push_front(key);
  found->second.place = count_order_.begin();
  const std::uint32_t before = found->second.asked++;
  if (counts_.size() > limits_.actions) {
    counts_.erase(count_order_.back());
    count_order_.pop_back();
  }
  return before;
}

void QuestionMemory::RememberLast(const StandingSubject& subject) {
  const auto [found, is_new] = last_.try_emplace(subject.agent);
  Last& last = found->second;
  if (!is_new) agent_order_.erase(last.place);
  agent_order_.push_front(subject.agent);
  last.place = agent_order_.begin();
  last.questions.push_front(subject);
  if (last.questions.size() > limits_.last_questions) {
    last.questions.pop_back();
  }
  if (last_.size() > limits_.agents) {
    last_.erase(agent_order_.back());
    agent_order_.pop_back();
  }
}

std::vector<StandingSubject> QuestionMemory::LastOf(
    absl::string_view agent) const {
  const auto found = last_.find(agent);
  if (found == last_.end()) return {};
  return {found->second.questions.begin(), found->second.questions.end()};
}

}  // namespace airlock::policy
