#include "services/policy/store/memory/memory_audit.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/time/proto_time.h"
#include "services/policy/store/audit_filter.h"
#include "services/policy/store/pages.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;

AuditRecord Parse(const SealedAuditRecord& sealed) {
  AuditRecord record;
  // It was serialized by this process.
  static_cast<void>(record.ParseFromString(sealed.record()));
  return record;
}

}  // namespace

void MemoryAudit::Append(AuditEntry entry) {
  kept_.push_back(
      Seal(head_, std::move(entry.record), std::move(entry.payload)));
  if (kept_.size() > max_kept_) kept_.pop_front();
}

absl::StatusOr<AuditPage> MemoryAudit::List(const AuditQuery& query) const {
  const absl::StatusOr<std::uint64_t> before =
      SequenceFromToken(query.page_token);
  if (!before.ok()) return before.status();
  AuditPage page;
  std::size_t bytes = 0;
  std::uint64_t sequence = head_.sequence + 1;
  std::uint64_t last = 0;
  for (auto it = kept_.rbegin(); it != kept_.rend(); ++it) {
    --sequence;
    if (sequence >= *before || !Passes(query.filter, Parse(*it), it->payload()))
      continue;
    bytes += it->ByteSizeLong();
    const bool full = IsFull(page.records.size(), bytes, query.page_size);
    if (full) {
      page.next_page_token = absl::StrCat(last);
      break;
    }
    page.records.push_back(*it);
    last = sequence;
  }
  return page;
}

std::vector<SealedAuditRecord> MemoryAudit::Read(std::uint64_t first,
                                                 int count) const {
  const std::uint64_t oldest = head_.sequence - kept_.size() + 1;
  const std::uint64_t start = std::max(first, oldest) - oldest;
  if (start >= kept_.size() || count <= 0) return {};
  const auto begin = kept_.begin() + static_cast<std::ptrdiff_t>(start);
  const auto left = std::min<std::uint64_t>(kept_.size() - start,
                                            static_cast<std::uint64_t>(count));
  return {begin, begin + static_cast<std::ptrdiff_t>(left)};
}

void MemoryAudit::ForgetPayloads(absl::Time before) {
  for (SealedAuditRecord& sealed : kept_) {
    if (sealed.payload().empty()) continue;
    if (FromProto(Parse(sealed).time()) < before) sealed.clear_payload();
  }
}

}  // namespace airlock::policy
