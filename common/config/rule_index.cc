#include "common/config/rule_index.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace airlock {
namespace {

// Below this an automaton costs more than it saves.
constexpr std::size_t kMinSetPatterns = 4;
constexpr std::int64_t kSetBytesPerPattern = std::int64_t{64} << 10;
constexpr std::int64_t kMinSetBytes = std::int64_t{1} << 20;

// The first that matches of those asked about so far.
class Best {
 public:
  explicit Best(absl::FunctionRef<bool(std::size_t)> matches)
      : matches_(matches) {}

  // Whether one of these could be better.
  bool MayImprove(const std::vector<std::uint32_t>& positions) const {
    return !positions.empty() && positions.front() < position_;
  }

  void Try(const std::vector<std::uint32_t>& positions) {
    for (const std::uint32_t position : positions) {
      if (position >= position_) return;
      if (matches_(position)) {
        position_ = position;
        return;
      }
    }
  }

  template <typename Map>
  void TryIn(const Map& map, absl::string_view text) {
    const auto it = map.find(text);
    if (it != map.end()) Try(it->second);
  }

  std::optional<std::size_t> position() const {
    if (position_ == kNone) return std::nullopt;
    return position_;
  }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  const absl::FunctionRef<bool(std::size_t)> matches_;
  std::size_t position_ = kNone;
};

}  // namespace

void RuleIndex::PatternGroup::Compile(
    const std::vector<const re2::RE2*>& patterns, re2::RE2::Anchor anchor) {
  if (patterns.size() < kMinSetPatterns) return;
  // As each of them was compiled, but for the memory.
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(std::clamp(
      static_cast<std::int64_t>(patterns.size()) * kSetBytesPerPattern,
      kMinSetBytes, kMaxSetBytes));
  auto compiled = std::make_unique<re2::RE2::Set>(options, anchor);
  for (const re2::RE2* pattern : patterns) {
    if (compiled->Add(pattern->pattern(), nullptr) < 0) return;
  }
  if (compiled->Compile()) set = std::move(compiled);
}

RuleIndex::Positions RuleIndex::PatternGroup::Find(
    absl::Span<const std::string> texts) const {
  if (set == nullptr) return positions;
  Positions found;
  std::vector<int> matched;
  for (const std::string& text : texts) {
    re2::RE2::Set::ErrorInfo error = {re2::RE2::Set::kNoError};
    if (!set->Match(text, &matched, &error) &&
        error.kind != re2::RE2::Set::kNoError) {
      return positions;
    }
    for (const int index : matched) {
      found.push_back(positions[static_cast<std::size_t>(index)]);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

RuleIndex::RuleIndex(const std::vector<Rule>& rules) : size_(rules.size()) {
  struct Patterns {
    std::vector<const re2::RE2*> paths, exact_commands, commands;
  };
  std::array<Patterns, kKinds> patterns;
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    const auto number = static_cast<std::size_t>(rule.action);
    Kind& kind = kinds_[number];
    if (rule.command != nullptr) {
      const bool allows = rule.effect == RuleEffect::kAuto;
      (allows ? kind.exact_commands : kind.commands).positions.push_back(i);
      (allows ? patterns[number].exact_commands : patterns[number].commands)
          .push_back(rule.command.get());
    } else if (rule.path != nullptr) {
      kind.paths.positions.push_back(i);
      patterns[number].paths.push_back(rule.path.get());
    } else if (rule.host.has_value()) {
      (rule.host->below ? kind.by_parent : kind.by_host)[rule.host->host]
          .push_back(i);
    } else if (rule.agent.has_value()) {
      kind.by_agent[*rule.agent].push_back(i);
    } else if (rule.language.has_value()) {
      kind.by_language[*rule.language].push_back(i);
    } else {
      kind.others.push_back(i);
    }
  }
  for (std::size_t i = 0; i < kKinds; ++i) {
    kinds_[i].paths.Compile(patterns[i].paths, re2::RE2::ANCHOR_BOTH);
    kinds_[i].exact_commands.Compile(patterns[i].exact_commands,
                                     re2::RE2::ANCHOR_BOTH);
    kinds_[i].commands.Compile(patterns[i].commands, re2::RE2::UNANCHORED);
  }
}

std::optional<std::size_t> RuleIndex::First(
    const RuleQuery& query,
    absl::FunctionRef<bool(std::size_t)> matches) const {
  const Kind& kind = kinds_[static_cast<std::size_t>(query.word)];
  Best best(matches);
  best.Try(kind.others);
  best.TryIn(kind.by_agent, query.agent);
  best.TryIn(kind.by_language, query.language);
  best.TryIn(kind.by_host, query.host);
  // Every name that the host is below.
  for (std::size_t dot = query.host.find('.');
       dot != absl::string_view::npos && !kind.by_parent.empty();
       dot = query.host.find('.', dot + 1)) {
    best.TryIn(kind.by_parent, query.host.substr(dot + 1));
  }
  // Last, and only if an earlier rule may be among them: they cost the most.
  if (best.MayImprove(kind.paths.positions)) {
    best.Try(kind.paths.Find(query.paths));
  }
  if (query.exact_command != nullptr &&
      best.MayImprove(kind.exact_commands.positions)) {
    best.Try(kind.exact_commands.Find({query.exact_command, 1}));
  }
  if (best.MayImprove(kind.commands.positions)) {
    best.Try(kind.commands.Find(query.command_texts));
  }
  return best.position();
}

}  // namespace airlock
