#include "services/policy/dispatch/executor_pool.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace airlock::policy {

ConnectedExecutor& ExecutorPool::Add(ConnectedExecutor executor) {
  const LinkId link = executor.link;
  return executors_.insert_or_assign(link, std::move(executor)).first->second;
}

ConnectedExecutor* ExecutorPool::Find(LinkId link) {
  const auto found = executors_.find(link);
  return found == executors_.end() ? nullptr : &found->second;
}

ConnectedExecutor* ExecutorPool::FindById(absl::string_view executor_id) {
  for (auto& [link, executor] : executors_) {
    if (executor.id == executor_id) return &executor;
  }
  return nullptr;
}

ConnectedExecutor* ExecutorPool::Choose(
    absl::string_view backend, absl::string_view image,
    const std::function<bool(const ConnectedExecutor&)>& suitable) {
  ConnectedExecutor* best = nullptr;
  std::tuple<bool, std::uint32_t> best_rank;
  for (auto& [link, executor] : executors_) {
    if (executor.backend != backend || !executor.takes_new_work() ||
        !suitable(executor)) {
      continue;
    }
    const std::tuple<bool, std::uint32_t> rank(executor.images.count(image) > 0,
                                               executor.credits);
    if (best == nullptr || rank > best_rank) {
      best = &executor;
      best_rank = rank;
    }
  }
  return best;
}

bool ExecutorPool::has_credit() const {
  return std::any_of(executors_.begin(), executors_.end(), [](const auto& e) {
    return e.second.takes_session_work();
  });
}

std::string ExecutorPool::ImageId(absl::string_view backend,
                                  absl::string_view image) const {
  for (const auto& [link, executor] : executors_) {
    if (executor.backend != backend) continue;
    const auto found = executor.images.find(image);
    if (found != executor.images.end()) return found->second;
  }
  return "";
}

}  // namespace airlock::policy
