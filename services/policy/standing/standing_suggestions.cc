#include "services/policy/standing/standing_suggestions.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace airlock::policy {
namespace {

using airlock::v1::ActionPattern;
using airlock::v1::StandingScope;
using airlock::v1::StandingSuggestion;

// The wider a pattern, the fewer steps of the subject's path or argv it has.
std::size_t StepsOf(const ActionShape& shape) {
  return shape.argv.empty() ? shape.path.size() : shape.argv.size();
}

std::size_t FewestSteps(const ActionShape& shape) {
  // One argument at least; a path may be the whole workspace or host.
  return shape.argv.empty() ? 0 : 1;
}

ActionPattern PatternOf(const ActionShape& shape, std::size_t steps) {
  ActionPattern pattern;
  pattern.set_action_kind(shape.kind);
  pattern.set_host(shape.host);
  const auto count = static_cast<std::ptrdiff_t>(steps);
  if (!shape.argv.empty()) {
    pattern.mutable_argv_prefix()->Assign(shape.argv.begin(),
                                          shape.argv.begin() + count);
    return pattern;
  }
  const std::string joined =
      absl::StrJoin(shape.path.begin(), shape.path.begin() + count, "/");
  if (!shape.host.empty()) {
    pattern.set_path(steps == 0 ? "" : absl::StrCat("/", joined));
  } else {
    pattern.set_path(steps == 0 ? "." : joined);
  }
  return pattern;
}

// Collects scopes that are worth to be told.
class Suggestions {
 public:
  explicit Suggestions(std::vector<StandingSubject> questions)
      : questions_(std::move(questions)) {}

  // Tells it in any case.
  void Add(const StandingScope& scope) {
    most_ = std::max(most_, CountOf(scope));
    StandingSuggestion& told = told_.emplace_back();
    *told.mutable_scope() = scope;
    told.set_summary(SummarizeScope(scope));
    told.set_covered_questions(CountOf(scope));
  }

  // Tells it if it covers more than all before it.
  void AddIfMore(const StandingScope& scope) {
    if (told_.size() < kMaxSuggestions && CountOf(scope) > most_) Add(scope);
  }

  std::vector<StandingSuggestion> Take() { return std::move(told_); }

 private:
  std::uint32_t CountOf(const StandingScope& scope) const {
    return static_cast<std::uint32_t>(
        std::count_if(questions_.begin(), questions_.end(),
                      [&scope](const StandingSubject& question) {
                        return Covers(scope, question);
                      }));
  }

  const std::vector<StandingSubject> questions_;
  std::uint32_t most_ = 0;
  std::vector<StandingSuggestion> told_;
};

// The subject and the other questions.
std::vector<StandingSubject> WithSubject(
    const StandingSubject& subject, const std::vector<StandingSubject>& last) {
  std::vector<StandingSubject> all = last;
  const bool among = std::any_of(
      last.begin(), last.end(), [&subject](const StandingSubject& question) {
        return question.agent == subject.agent &&
               question.action_hash == subject.action_hash;
      });
  if (!among) all.push_back(subject);
  return all;
}

}  // namespace

std::vector<StandingSuggestion> SuggestScopes(
    const StandingSubject& subject, const std::vector<StandingSubject>& last) {
  Suggestions suggestions(WithSubject(subject, last));
  StandingScope scope;
  scope.set_agent(subject.agent);
  scope.set_session(subject.session);
  scope.set_action_hash(subject.action_hash);
  suggestions.Add(scope);
  if (!subject.shape.why_no_pattern.empty()) return suggestions.Take();

  const std::size_t steps = StepsOf(subject.shape);
  *scope.mutable_pattern() = PatternOf(subject.shape, steps);
  suggestions.Add(scope);
  const auto add_wider = [&] {
    for (std::size_t left = steps + 1; left-- > FewestSteps(subject.shape);) {
      *scope.mutable_pattern() = PatternOf(subject.shape, left);
      suggestions.AddIfMore(scope);
    }
  };
  add_wider();
  if (!subject.session.empty()) {
    scope.clear_session();
    add_wider();
  }
  return suggestions.Take();
}

}  // namespace airlock::policy
