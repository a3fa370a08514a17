#include "services/policy/store/execution_filter.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/spec.pb.h"
#include "common/security/sortable_id.h"
#include "common/time/proto_time.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ExecutionSpec;
using airlock::v1::Execution;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// Behind every id.
constexpr char kAfterAll[] = "~";

template <typename T>
bool IsWanted(const T& wanted, const T& has) {
  return wanted == T() || wanted == has;
}

bool IsInTime(const ExecutionQuery& query, const Execution& execution) {
  if (!execution.has_create_time()) return true;
  const absl::Time time = FromProto(execution.create_time());
  return time >= query.from && time < query.to;
}

// The serialized action within a serialized ExecutionSpec, without a copy: what
// is looked through may be megabytes. Nothing: these bytes are no such thing.
std::optional<absl::string_view> ActionBytes(absl::string_view spec) {
  CodedInputStream input(reinterpret_cast<const std::uint8_t*>(spec.data()),
                         static_cast<int>(spec.size()));
  constexpr std::uint32_t kActionTag =
      (ExecutionSpec::kActionFieldNumber << 3) |
      WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
  while (const std::uint32_t tag = input.ReadTag()) {
    std::uint32_t length = 0;
    if (tag != kActionTag) {
      if (!WireFormatLite::SkipField(&input, tag)) return std::nullopt;
      continue;
    }
    if (!input.ReadVarint32(&length)) return std::nullopt;
    const auto begin = static_cast<std::size_t>(input.CurrentPosition());
    if (length > spec.size() - begin) return std::nullopt;
    return spec.substr(begin, length);
  }
  return std::nullopt;
}

}  // namespace

IdRange IdRangeOf(const ExecutionQuery& query) {
  IdRange range;
  if (query.from > absl::InfinitePast()) {
    range.first = SortableIdFloor(query.from);
  }
  range.end = query.page_token.empty() ? kAfterAll : query.page_token;
  if (query.to < absl::InfiniteFuture()) {
    // What was made in the millisecond of `to` may have been before it.
    range.end =
        std::min(range.end, SortableIdFloor(query.to + absl::Milliseconds(1)));
  }
  return range;
}

bool Passes(const ExecutionQuery& query, const Execution& execution) {
  return IsWanted(query.agent, execution.agent()) &&
         (!query.by_agents_only || execution.asked_by().empty()) &&
         IsWanted(query.action_kind, execution.action_kind()) &&
         IsWanted(query.state, execution.state()) &&
         IsWanted(query.ended_by, execution.outcome().ended_by()) &&
         IsInTime(query, execution);
}

bool AsksFor(absl::string_view spec, absl::string_view text) {
  return absl::StrContains(ActionBytes(spec).value_or(spec), text);
}

}  // namespace airlock::policy
