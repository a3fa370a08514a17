// A rule of `approvalGating.rules`, checked and compiled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/action_word.h"
#include "common/config/problems.h"
#include "re2/re2.h"

namespace airlock {

// What follows when a rule matches: allow, ask a human, deny.
enum class RuleEffect { kAuto, kRequired, kDeny };

// "auto" for kAuto.
absl::string_view RuleEffectText(RuleEffect effect);

// The most persons that may be required to agree.
inline constexpr std::uint32_t kMaxRequiredPersons = 10;

// The hosts a rule is about.
struct HostPattern {
  // Lower case, without the leading "*.".
  std::string host;
  // Whether it means what is below `host`, and not `host` itself.
  bool below = false;

  // `name` must be in lower case.
  bool Matches(absl::string_view name) const;
  // Whether every host of `other` is one of this.
  bool Covers(const HostPattern& other) const;

  friend bool operator==(const HostPattern&, const HostPattern&) = default;
};

// One condition with an effect. Every condition that is present must hold.
// Copies share the compiled patterns; matching is thread-safe.
struct Rule {
  // Where it stands, such as "approvalGating.rules[1]".
  std::string key_path;
  ActionWord action = ActionWord::kCodeExec;
  RuleEffect effect = RuleEffect::kDeny;
  std::optional<std::string> agent;
  std::optional<HostPattern> host;
  std::optional<std::string> language;
  // How many persons must agree; absent: as many as the section says.
  std::optional<std::uint32_t> required;
  // nullptr: no such condition. Compiled once, when the file was loaded; for a
  // rule that tightens so that dots cross lines and anchors hold at each line.
  std::shared_ptr<const re2::RE2> path;
  std::shared_ptr<const re2::RE2> command;
  // The two as they stand in the file.
  std::string path_text;
  std::string command_text;
};

// Checks the rule that stands at `key_path`; nullopt after an error.
std::optional<Rule> ReadRule(const config::v1::Rule& rule,
                             const std::string& key_path,
                             ProblemList& problems);

// Warns of each rule that an earlier one leaves nothing to match.
void WarnOfShadowedRules(const std::vector<Rule>& rules, ProblemList& problems);

}  // namespace airlock
