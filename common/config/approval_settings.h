// The `approvalGating` section, checked: when a human must agree.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/problems.h"
#include "common/config/rule.h"
#include "common/config/section_reader.h"

namespace airlock {

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
  // The first one that matches decides.
  std::vector<Rule> rules;

  // Where it stands, for explanations.
  std::string enabled_path;
};

// Checks the section, without its rules; `reader` reads `approvalGating`, and
// `autonomy` the section with the shorthands.
ApprovalSettings ReadApprovalSettings(
    const config::v1::ApprovalGating& approval_gating, SectionReader& reader,
    SectionReader& autonomy, ProblemList& problems);

// Checks the rules that stand at `path`.
std::vector<Rule> ReadRules(const config::v1::RuleList& rules,
                            const std::string& path, ProblemList& problems);

}  // namespace airlock
