#include "services/policy/approval/action_view.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/text_escape/shown_text.h"
#include "services/policy/approval/action_parts.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ExecutionSpec;
using airlock::v1::ActionView;
using airlock::v1::ViewField;

constexpr std::size_t kMaxLanguageBytes = 64;
constexpr std::size_t kMaxSummaryBytes = 140;
constexpr std::size_t kMaxSummaryLanguageBytes = 24;
// Rounds in which what short parts leave is given to longer ones.
constexpr int kMaxRounds = 8;

LineFeeds LineFeedsOf(const ActionPart& part) {
  return part.block ? LineFeeds::kKept : LineFeeds::kEscaped;
}

// Shows every part within `max_bytes` together. Each gets an equal share; what
// it does not need goes to the others, so that long code does not take the room
// of the limits behind it.
std::vector<ShownText> ShowParts(const std::vector<ActionPart>& parts,
                                 std::size_t max_bytes) {
  std::vector<ShownText> shown(parts.size());
  std::vector<std::size_t> open(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) open[i] = i;
  for (int round = 0; round < kMaxRounds && !open.empty(); ++round) {
    const std::size_t share = max_bytes / open.size();
    const std::size_t open_before = open.size();
    std::erase_if(open, [&](std::size_t i) {
      shown[i] = ShowText(parts[i].text, LineFeedsOf(parts[i]), share);
      if (shown[i].cut_bytes > 0) return false;
      max_bytes -= shown[i].text.size();
      return true;
    });
    if (open.size() == open_before) break;
  }
  return shown;
}

// Whether the bytes have fields, at any depth, that this program does not know.
bool HasUnknownFields(ExecutionSpec& spec) {
  const std::size_t size = spec.ByteSizeLong();
  spec.DiscardUnknownFields();
  return spec.ByteSizeLong() != size;
}

void AddProblem(absl::string_view text, ActionView& view) {
  view.set_complete(false);
  ViewField& field = *view.add_fields();
  field.set_name("problem");
  field.set_text(std::string(text));
}

}  // namespace

ActionView RenderAction(absl::string_view spec_bytes, std::size_t max_bytes) {
  ActionView view;
  view.set_complete(true);
  ExecutionSpec spec;
  if (!spec.ParseFromArray(spec_bytes.data(),
                           static_cast<int>(spec_bytes.size()))) {
    AddProblem("these bytes are no execution; do not approve them", view);
    return view;
  }
  if (HasUnknownFields(spec)) {
    AddProblem("a part of this is unknown to this version and is not shown",
               view);
  }
  if (KindWord(spec.action()).empty()) {
    AddProblem("there is no action in this", view);
  }
  const std::vector<ActionPart> parts = PartsOfSpec(spec);
  std::vector<ShownText> shown = ShowParts(parts, max_bytes);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    ViewField& field = *view.add_fields();
    field.set_name(parts[i].name);
    field.set_text(std::move(shown[i].text));
    field.set_block(parts[i].block);
    field.set_language(
        ShowText(parts[i].language, LineFeeds::kEscaped, kMaxLanguageBytes)
            .text);
    field.set_cut_bytes(shown[i].cut_bytes);
    if (shown[i].cut_bytes > 0) view.set_complete(false);
  }
  return view;
}

std::string SummarizeAction(const ExecutionSpec& spec) {
  const airlock::v1::Action& action = spec.action();
  std::string summary = KindWord(action);
  if (action.has_code_exec()) {
    absl::StrAppend(&summary, " ",
                    ShowText(action.code_exec().language(), LineFeeds::kEscaped,
                             kMaxSummaryLanguageBytes)
                        .text);
  }
  const ShownText main =
      ShowText(MainText(action), LineFeeds::kEscaped, kMaxSummaryBytes);
  absl::StrAppend(&summary, ": ", main.text, main.cut_bytes > 0 ? "..." : "");
  const std::vector<std::string> more = WhatComesWith(action);
  if (!more.empty()) {
    absl::StrAppend(&summary, " (with ", absl::StrJoin(more, ", "), ")");
  }
  return summary;
}

}  // namespace airlock::policy
