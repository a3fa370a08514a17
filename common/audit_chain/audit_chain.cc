#include "common/audit_chain/audit_chain.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/security/digest.h"

namespace airlock {
namespace {

// With its final NUL: nothing else that is hashed can begin like this.
constexpr absl::string_view kDomain("airlock.audit.v1\0", 17);

}  // namespace

std::string FirstPreviousHash() { return std::string(32, '\0'); }

std::string HashAuditRecord(absl::string_view record) {
  return ToBytes(Sha256(absl::StrCat(kDomain, record)));
}

airlock::v1::SealedAuditRecord Seal(ChainHead& head,
                                    airlock::v1::AuditRecord record,
                                    std::string payload) {
  record.set_sequence(head.sequence + 1);
  record.set_writer(head.writer);
  record.set_previous_hash(head.hash);
  record.clear_payload_sha256();
  if (!payload.empty()) record.set_payload_sha256(ToBytes(Sha256(payload)));

  airlock::v1::SealedAuditRecord sealed;
  sealed.set_record(record.SerializeAsString());
  sealed.set_hash(HashAuditRecord(sealed.record()));
  sealed.set_payload(std::move(payload));
  ++head.sequence;
  head.hash = sealed.hash();
  return sealed;
}

}  // namespace airlock
