#include "services/policy/report/activity.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "common/time/proto_time.h"
#include "services/policy/report/recorded_request.h"

namespace airlock::policy {
namespace {

using airlock::v1::AgentActivity;

constexpr std::size_t kMaxAgents = 100;

}  // namespace

Activity::Activity(absl::Time from, absl::Time to, std::size_t buckets)
    : from_(from),
      span_((to - from) / static_cast<std::int64_t>(buckets)),
      buckets_(buckets),
      times_(buckets) {
  for (std::size_t i = 0; i < buckets; ++i) {
    *buckets_[i].mutable_start_time() =
        ToProto(from + span_ * static_cast<std::int64_t>(i));
  }
}

std::size_t Activity::BucketOf(const airlock::v1::Execution& execution) const {
  const absl::Duration since = FromProto(execution.create_time()) - from_;
  // Spans are rounded: what is left behind the last one belongs to it.
  const double span = absl::FDivDuration(since, span_);
  return std::min(static_cast<std::size_t>(std::max(span, 0.0)),
                  buckets_.size() - 1);
}

void Activity::Add(const ExecutionHistory& recorded) {
  const airlock::v1::Execution& execution = recorded.execution;
  const std::size_t index = BucketOf(execution);
  const std::string result = ResultWord(execution);
  airlock::v1::ActivityBucket& bucket = buckets_[index];
  bucket.set_total(bucket.total() + 1);
  ++(*bucket.mutable_by_result())[result];
  AgentActivity& agent = agents_[execution.agent()];
  agent.set_agent(execution.agent());
  agent.set_total(agent.total() + 1);
  ++(*agent.mutable_by_result())[result];
  if (const auto took = RunTime(execution)) {
    times_[index].run.Add(*took);
    all_.run.Add(*took);
  }
  if (const auto took = TimeToAnswer(recorded)) {
    times_[index].decision.Add(*took);
    all_.decision.Add(*took);
  }
}

airlock::v1::GetActivityResponse Activity::Take() && {
  airlock::v1::GetActivityResponse response;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    *buckets_[i].mutable_run_time() = std::move(times_[i].run).Summarize();
    *buckets_[i].mutable_decision_time() =
        std::move(times_[i].decision).Summarize();
    *response.add_buckets() = std::move(buckets_[i]);
  }
  std::vector<AgentActivity> agents;
  agents.reserve(agents_.size());
  for (auto& [id, agent] : agents_) agents.push_back(std::move(agent));
  std::stable_sort(agents.begin(), agents.end(),
                   [](const AgentActivity& left, const AgentActivity& right) {
                     return left.total() > right.total();
                   });
  agents.resize(std::min(agents.size(), kMaxAgents));
  for (AgentActivity& agent : agents) {
    *response.add_agents() = std::move(agent);
  }
  *response.mutable_run_time() = std::move(all_.run).Summarize();
  *response.mutable_decision_time() = std::move(all_.decision).Summarize();
  return response;
}

}  // namespace airlock::policy
