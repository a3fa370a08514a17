#include "common/config/approval_settings.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/config/key_path.h"
#include "common/config/values.h"

namespace airlock {
namespace {

constexpr int kMaxRules = 2000;
constexpr int kMaxApprovers = 100;
constexpr DurationRange kTimeoutRange{absl::Milliseconds(1),
                                      absl::Hours(24 * 30)};
constexpr IntegerRange kRequiredRange{1, kMaxRequiredPersons};
constexpr std::int64_t kDefaultMaxPending = 100;
constexpr IntegerRange kMaxPendingRange{1, 100000};
constexpr DurationRange kRejectionMemoryRange{absl::ZeroDuration(),
                                              absl::Hours(24 * 30)};
constexpr DurationRange kStandingLifetimeRange{absl::Milliseconds(1),
                                               absl::Hours(24 * 30)};
constexpr IntegerRange kStandingUsesRange{1, 100000};

std::vector<std::string> ReadApprovers(const config::v1::StringList& list,
                                       absl::string_view channel,
                                       const std::string& path,
                                       ProblemList& problems) {
  std::vector<std::string> approvers;
  if (list.values().empty() || list.values_size() > kMaxApprovers) {
    problems.AddError(
        path, absl::StrCat("must name from 1 to ", kMaxApprovers,
                           " approvers; leave the key out for every principal "
                           "with the approver role: got ",
                           list.values_size()));
    return approvers;
  }
  for (int i = 0; i < list.values_size(); ++i) {
    const std::string item = AppendIndex(path, static_cast<std::size_t>(i));
    std::string approver = ReadChannelId(
        list.values(i), channel, ApprovalChannelWords(), item, problems);
    if (approver.empty()) continue;
    if (std::find(approvers.begin(), approvers.end(), approver) !=
        approvers.end()) {
      problems.AddWarning(item, absl::StrCat("is in the list already: ",
                                             QuoteForMessage(list.values(i))));
    } else {
      approvers.push_back(std::move(approver));
    }
  }
  return approvers;
}

// The shorthand holds only where the section itself says nothing.
std::string ReadChannel(SectionReader& reader, SectionReader& autonomy) {
  const std::string shorthand =
      autonomy.Word("approvalChannel", "web", ApprovalChannelWords());
  std::string channel =
      reader.Word("channel", shorthand, ApprovalChannelWords());
  if (autonomy.Has("approvalChannel") && channel != shorthand) {
    autonomy.AddWarning(
        "approvalChannel",
        absl::StrCat("is \"", shorthand, "\", but ", reader.Path("channel"),
                     " is \"", channel, "\", which wins"));
  }
  return channel;
}

absl::Duration ReadTimeout(SectionReader& reader, SectionReader& autonomy) {
  const absl::Duration shorthand =
      autonomy.Milliseconds("approvalTimeout", absl::Minutes(5), kTimeoutRange);
  const absl::Duration timeout =
      reader.Milliseconds("timeout", shorthand, kTimeoutRange);
  if (autonomy.Has("approvalTimeout") && timeout != shorthand) {
    autonomy.AddWarning(
        "approvalTimeout",
        absl::StrCat("is ", absl::ToInt64Milliseconds(shorthand), ", but ",
                     reader.Path("timeout"), " is ",
                     absl::ToInt64Milliseconds(timeout), ", which wins"));
  }
  return timeout;
}

// What asks for more persons than there are could never be approved.
void CheckEnoughPersons(const ApprovalSettings& settings,
                        std::uint32_t required, const std::string& path,
                        ProblemList& problems) {
  if (!settings.approvers.has_value() || settings.approvers->empty()) return;
  const std::size_t persons =
      CountPersons(settings.people, *settings.approvers);
  if (required <= persons) return;
  problems.AddError(path,
                    absl::StrCat("must be at most ", persons,
                                 ", the number of persons among ",
                                 settings.approvers_path, ": got ", required));
}

StandingSettings ReadStanding(const config::v1::Standing& standing,
                              const std::string& path, ProblemList& problems) {
  StandingSettings settings;
  SectionReader reader(standing, path, problems);
  settings.enabled = reader.Bool("enabled", settings.enabled);
  settings.max_lifetime = reader.Milliseconds(
      "maxLifetime", settings.max_lifetime, kStandingLifetimeRange);
  settings.max_uses = static_cast<std::uint32_t>(
      reader.Integer("maxUses", settings.max_uses, kStandingUsesRange));
  return settings;
}

}  // namespace

ApprovalSettings ReadApprovalSettings(
    const config::v1::ApprovalGating& approval_gating, SectionReader& reader,
    SectionReader& autonomy, ProblemList& problems) {
  ApprovalSettings settings;
  settings.enabled = reader.Bool("enabled", true);
  settings.enabled_path = reader.Path("enabled");
  settings.channel = ReadChannel(reader, autonomy);
  settings.timeout = ReadTimeout(reader, autonomy);
  settings.approvers_path = reader.Path("approvers");
  if (approval_gating.has_approvers()) {
    settings.approvers =
        ReadApprovers(approval_gating.approvers(), settings.channel,
                      settings.approvers_path, problems);
  }
  settings.approve_on_timeout = reader.Word("defaultAction", "reject",
                                            {"reject", "approve"}) == "approve";
  if (settings.approve_on_timeout) {
    reader.AddWarning("defaultAction",
                      "is \"approve\": what nobody answers will run; "
                      "\"reject\" is the safe choice");
  }
  settings.show_full_context = reader.Bool("showFullContext", true);
  settings.people = ReadPeople(approval_gating.people(), settings.channel,
                               reader.Path("people"), problems);
  settings.required =
      static_cast<std::uint32_t>(reader.Integer("required", 1, kRequiredRange));
  CheckEnoughPersons(settings, settings.required, reader.Path("required"),
                     problems);
  settings.max_pending = static_cast<std::size_t>(
      reader.Integer("maxPending", kDefaultMaxPending, kMaxPendingRange));
  settings.rejection_memory = reader.Milliseconds(
      "rejectionMemory", absl::Minutes(10), kRejectionMemoryRange);
  settings.standing = ReadStanding(approval_gating.standing(),
                                   reader.Path("standing"), problems);
  return settings;
}

std::vector<Rule> ReadRules(const config::v1::RuleList& rules,
                            const std::string& path, ProblemList& problems) {
  std::vector<Rule> checked;
  if (rules.values_size() > kMaxRules) {
    problems.AddError(path, absl::StrCat("must be at most ", kMaxRules,
                                         " rules: got ", rules.values_size()));
    return checked;
  }
  for (int i = 0; i < rules.values_size(); ++i) {
    std::optional<Rule> rule =
        ReadRule(rules.values(i),
                 AppendIndex(path, static_cast<std::size_t>(i)), problems);
    if (rule.has_value()) checked.push_back(*std::move(rule));
  }
  WarnOfShadowedRules(checked, problems);
  return checked;
}

void CheckRulesHaveEnoughPersons(const ApprovalSettings& settings,
                                 ProblemList& problems) {
  for (const Rule& rule : settings.rules) {
    if (!rule.required.has_value()) continue;
    CheckEnoughPersons(settings, *rule.required,
                       AppendKey(rule.key_path, "required"), problems);
  }
}

}  // namespace airlock
