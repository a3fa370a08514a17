#include "common/config/approval_settings.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/config/key_path.h"
#include "common/config/values.h"

namespace airlock {
namespace {

constexpr int kMaxRules = 500;
constexpr int kMaxApprovers = 100;
constexpr std::size_t kMaxApproverBytes = 128;
constexpr DurationRange kTimeoutRange{absl::Milliseconds(1),
                                      absl::Hours(24 * 30)};

const std::vector<absl::string_view>& Channels() {
  static const auto* const kChannels =
      new std::vector<absl::string_view>{"telegram", "discord", "slack", "web"};
  return *kChannels;
}

bool IsVisible(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
}

// "<channel>:<id>"; "" after an error. A bare id belongs to `channel`.
std::string ReadApprover(absl::string_view text, absl::string_view channel,
                         const std::string& path, ProblemList& problems) {
  const std::size_t colon = text.find(':');
  const bool bare = colon == absl::string_view::npos;
  const absl::string_view prefix = bare ? channel : text.substr(0, colon);
  const absl::string_view id = bare ? text : text.substr(colon + 1);
  const std::vector<absl::string_view>& channels = Channels();
  if (std::find(channels.begin(), channels.end(), prefix) == channels.end()) {
    problems.AddError(
        path,
        absl::StrCat("must be an id, or \"channel:id\" with "
                     "the channel ",
                     JoinWords(channels), ": got ", QuoteForMessage(text)));
    return "";
  }
  if (!IsVisible(id) || text.size() > kMaxApproverBytes) {
    problems.AddError(path, absl::StrCat("must be a stable id without blanks, "
                                         "at most ",
                                         kMaxApproverBytes, " bytes: got ",
                                         QuoteForMessage(text)));
    return "";
  }
  return absl::StrCat(prefix, ":", id);
}

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
    std::string approver =
        ReadApprover(list.values(i), channel, item, problems);
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
      autonomy.Word("approvalChannel", "web", Channels());
  std::string channel = reader.Word("channel", shorthand, Channels());
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

}  // namespace

ApprovalSettings ReadApprovalSettings(
    const config::v1::ApprovalGating& approval_gating, SectionReader& reader,
    SectionReader& autonomy, ProblemList& problems) {
  ApprovalSettings settings;
  settings.enabled = reader.Bool("enabled", true);
  settings.enabled_path = reader.Path("enabled");
  settings.channel = ReadChannel(reader, autonomy);
  settings.timeout = ReadTimeout(reader, autonomy);
  if (approval_gating.has_approvers()) {
    settings.approvers =
        ReadApprovers(approval_gating.approvers(), settings.channel,
                      reader.Path("approvers"), problems);
  }
  settings.approve_on_timeout = reader.Word("defaultAction", "reject",
                                            {"reject", "approve"}) == "approve";
  if (settings.approve_on_timeout) {
    reader.AddWarning("defaultAction",
                      "is \"approve\": what nobody answers will run; "
                      "\"reject\" is the safe choice");
  }
  settings.show_full_context = reader.Bool("showFullContext", true);
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

}  // namespace airlock
