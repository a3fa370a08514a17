#include "common/audit_chain/checkpoint.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/security/digest.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock {
namespace {

using airlock::v1::AuditCheckpoint;

// With its final NUL: nothing else that is signed can begin like this.
constexpr absl::string_view kDomain("airlock.audit.checkpoint.v1\0", 28);

// What is signed.
std::string MessageOf(AuditCheckpoint checkpoint) {
  checkpoint.clear_signature();
  return ToBytes(Sha256(absl::StrCat(kDomain, checkpoint.SerializeAsString())));
}

}  // namespace

AuditCheckpoint SignCheckpoint(const SigningKey& key, const ChainHead& head,
                               absl::Time now) {
  AuditCheckpoint checkpoint;
  checkpoint.set_writer(head.writer);
  checkpoint.set_sequence(head.sequence);
  checkpoint.set_hash(head.hash);
  *checkpoint.mutable_time() = ToProto(now);
  checkpoint.set_signature(key.Sign(MessageOf(checkpoint)));
  return checkpoint;
}

absl::Status VerifyCheckpoint(const std::vector<VerifyKey>& keys,
                              const AuditCheckpoint& checkpoint) {
  const std::string message = MessageOf(checkpoint);
  const bool is_signed =
      std::any_of(keys.begin(), keys.end(), [&](const VerifyKey& key) {
        return key.Verify(message, checkpoint.signature());
      });
  if (is_signed) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kDataLoss, "AUDIT_SIGNATURE_WRONG",
      absl::StrCat("the checkpoint of record ", checkpoint.sequence(),
                   " is not signed by any of the ", keys.size(),
                   " public keys: it was changed, or another key signed it"),
      {{"sequence", absl::StrCat(checkpoint.sequence())}});
}

}  // namespace airlock
