#include "services/policy/engine/page_request.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "airlock/v1/action.pb.h"
#include "common/time/proto_time.h"
#include "google/protobuf/util/time_util.h"

namespace airlock::policy {
namespace {

using google::protobuf::Timestamp;

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 500;

// Whether there is one, and it is one.
bool CheckTime(const Timestamp* time, absl::string_view field,
               FieldViolations& violations) {
  using google::protobuf::util::TimeUtil;
  if (time == nullptr) return false;
  if (time->seconds() >= TimeUtil::kTimestampMinSeconds &&
      time->seconds() <= TimeUtil::kTimestampMaxSeconds && time->nanos() >= 0 &&
      time->nanos() < 1'000'000'000) {
    return true;
  }
  violations.Add(field, "must be a time of the years 1 to 9999");
  return false;
}

}  // namespace

void CheckPageSize(int page_size, FieldViolations& violations) {
  if (page_size >= 0) return;
  violations.Add("page_size",
                 absl::StrCat("must not be negative: got ", page_size));
}

int EffectivePageSize(int page_size) {
  return page_size == 0 ? kDefaultPageSize : std::min(page_size, kMaxPageSize);
}

void CheckTimeRange(const Timestamp* from, const Timestamp* to,
                    absl::string_view prefix, FieldViolations& violations) {
  const bool has_from =
      CheckTime(from, absl::StrCat(prefix, "from_time"), violations);
  const std::string to_field = absl::StrCat(prefix, "to_time");
  const bool has_to = CheckTime(to, to_field, violations);
  if (has_from && has_to && FromProto(*from) >= FromProto(*to)) {
    violations.Add(to_field, "must be after from_time");
  }
}

void CheckLength(absl::string_view text, std::size_t max_bytes,
                 absl::string_view field, FieldViolations& violations) {
  if (text.size() <= max_bytes) return;
  violations.Add(field, absl::StrCat("must be at most ", max_bytes,
                                     " bytes: got ", text.size()));
}

void CheckKind(int kind, absl::string_view field, FieldViolations& violations) {
  if (airlock::v1::ActionKind_IsValid(kind)) return;
  violations.Add(field, absl::StrCat("must be a kind of action: got ", kind));
}

absl::StatusOr<std::string> AgentToList(const Principal& principal,
                                        const std::string& agent) {
  if (principal.role != airlock::v1::PRINCIPAL_ROLE_AGENT) return agent;
  if (!agent.empty() && agent != principal.id) {
    return MakeError(absl::StatusCode::kPermissionDenied, "OTHER_AGENT",
                     "agent must be empty or the caller itself");
  }
  return principal.id;
}

}  // namespace airlock::policy
