// The `approvalGating` section, checked: when a human must agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/person.h"
#include "common/config/problems.h"
#include "common/config/rule.h"
#include "common/config/rule_index.h"
#include "common/config/section_reader.h"

namespace airlock {

// What approvers may permit beyond one question.
struct StandingSettings {
  // false: every question is asked.
  bool enabled = true;
  // The longest a permission may hold.
  absl::Duration max_lifetime = absl::Hours(8);
  // How many starts one may permit at most.
  std::uint32_t max_uses = 100;
};

// When a human must agree, and what happens then.
struct ApprovalSettings {
  // false: what needs approval is refused.
  bool enabled = true;
  // "telegram", "discord", "slack" or "web".
  std::string channel = "web";
  // Each as "<channel>:<id>". Absent: the principals with the approver role.
  std::optional<std::vector<std::string>> approvers;
  absl::Duration timeout = absl::Minutes(5);
  // What happens when nobody answered in time: false rejects.
  bool approve_on_timeout = false;
  bool show_full_context = true;
  // How many persons must agree, where no rule says otherwise.
  std::uint32_t required = 1;
  // An id belongs to one of them at most; an id of none is a person by itself.
  std::vector<Person> people;
  // Questions of one agent that may be open at once.
  std::size_t max_pending = 100;
  // How long what was rejected is rejected again, unasked. Zero: not at all.
  absl::Duration rejection_memory = absl::Minutes(10);
  StandingSettings standing;
  // The first one that matches decides.
  std::vector<Rule> rules;
  // Over `rules`, to find that one. nullptr: there is none.
  std::shared_ptr<const RuleIndex> rule_index;

  // Where it stands, for explanations.
  std::string enabled_path;
  std::string approvers_path;
};

// Checks the section, without its rules; `reader` reads `approvalGating`, and
// `autonomy` the section with the shorthands.
ApprovalSettings ReadApprovalSettings(
    const config::v1::ApprovalGating& approval_gating, SectionReader& reader,
    SectionReader& autonomy, ProblemList& problems);

// Checks the rules that stand at `path`.
std::vector<Rule> ReadRules(const config::v1::RuleList& rules,
                            const std::string& path, ProblemList& problems);

// An error for each rule that asks for more persons than `settings` name.
void CheckRulesHaveEnoughPersons(const ApprovalSettings& settings,
                                 ProblemList& problems);

}  // namespace airlock
