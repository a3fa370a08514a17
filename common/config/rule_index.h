// Finding the first rule that matches without asking each of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/config/action_word.h"
#include "common/config/rule.h"
#include "re2/set.h"

namespace airlock {

// What of an action its rules are found by. Texts must outlive the query; those
// that the kind of action does not have are empty.
struct RuleQuery {
  ActionWord word = ActionWord::kCodeExec;
  absl::string_view agent;
  absl::string_view host;
  absl::string_view language;
  // Every spelling that a `path` may match.
  absl::Span<const std::string> paths;
  // What the `command` of a rule that allows may match. nullptr: nothing.
  const std::string* exact_command = nullptr;
  // What the `command` of the others is looked for in.
  absl::Span<const std::string> command_texts;
};

// Rules by kind of action, and within one by what they say: hosts and agents in
// hash maps, patterns in one automaton for all. It only narrows down: whether a
// rule matches is asked of the caller, so that a mistake here can leave a rule
// out but never make one match. Immutable, so thread-safe.
//
// An automaton takes at most kMaxSetBytes, filled as actions come; where that
// is not enough each of its rules is asked about, which is slower and no less
// right.
class RuleIndex {
 public:
  static constexpr std::int64_t kMaxSetBytes = std::int64_t{32} << 20;

  // By their order; `rules` is not kept.
  explicit RuleIndex(const std::vector<Rule>& rules);

  // How many rules there are.
  std::size_t size() const { return size_; }

  // The position of the first rule that `matches`. It is called with positions
  // of rules that could, in no special order.
  std::optional<std::size_t> First(
      const RuleQuery& query,
      absl::FunctionRef<bool(std::size_t)> matches) const;

 private:
  // Ascending.
  using Positions = std::vector<std::uint32_t>;
  using PositionsByText = absl::flat_hash_map<std::string, Positions>;

  // Rules whose patterns are tried together.
  struct PatternGroup {
    Positions positions;
    // nullptr: each of them is asked about.
    std::unique_ptr<const re2::RE2::Set> set;

    void Compile(const std::vector<const re2::RE2*>& patterns,
                 re2::RE2::Anchor anchor);
    // Those that match one of the texts, ascending.
    Positions Find(absl::Span<const std::string> texts) const;
  };

  // The rules about one kind of action, each in one place: under a pattern if
  // it has one, else under its host, agent or language, else in `others`.
  struct Kind {
    PatternGroup paths;
    PatternGroup exact_commands;
    PatternGroup commands;
    PositionsByText by_host;
    // By the name that hosts must be below.
    PositionsByText by_parent;
    PositionsByText by_agent;
    PositionsByText by_language;
    Positions others;
  };

  static constexpr std::size_t kKinds = 8;

  std::size_t size_ = 0;
  std::array<Kind, kKinds> kinds_;
};

}  // namespace airlock
