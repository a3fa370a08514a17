#include "common/audit_chain/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "common/security/digest.h"
#include "common/status/error.h"
#include "tests/support/sample_chain.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::AuditCheckpoint;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'100);

std::vector<VerifyKey> KeysOf(const SigningKey& key) {
  std::vector<VerifyKey> keys;
  keys.push_back(key.verify_key());
  return keys;
}

TEST(CheckpointTest, SaysHowFarTheChainHadComeAndWhen) {
  const SigningKey key = SigningKey::Generate();
  const ChainHead head = HeadOf(SampleChain(3));

  const AuditCheckpoint checkpoint = SignCheckpoint(key, head, kNow);

  EXPECT_EQ(checkpoint.writer(), "w1");
  EXPECT_EQ(checkpoint.sequence(), 3U);
  EXPECT_EQ(checkpoint.hash(), head.hash);
  EXPECT_EQ(checkpoint.time().seconds(), 1'800'000'100);
  EXPECT_THAT(VerifyCheckpoint(KeysOf(key), checkpoint), IsOk());
}

TEST(CheckpointTest, AnyChangeSpoilsTheSignature) {
  const SigningKey key = SigningKey::Generate();
  const AuditCheckpoint checkpoint =
      SignCheckpoint(key, HeadOf(SampleChain(3)), kNow);
  const auto& type = *AuditCheckpoint::descriptor();

  for (int i = 0; i < type.field_count(); ++i) {
    SCOPED_TRACE(type.field(i)->name());
    AuditCheckpoint changed = checkpoint;
    ChangeField(changed, *type.field(i));
    const absl::Status status = VerifyCheckpoint(KeysOf(key), changed);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_EQ(ErrorReason(status), "AUDIT_SIGNATURE_WRONG");
  }
}

TEST(CheckpointTest, EachOfSeveralKeysIsAccepted) {
  const SigningKey old_key = SigningKey::Generate();
  const SigningKey new_key = SigningKey::Generate();
  const ChainHead head = HeadOf(SampleChain(1));
  std::vector<VerifyKey> keys = KeysOf(old_key);
  keys.push_back(new_key.verify_key());

  EXPECT_THAT(VerifyCheckpoint(keys, SignCheckpoint(old_key, head, kNow)),
              IsOk());
  EXPECT_THAT(VerifyCheckpoint(keys, SignCheckpoint(new_key, head, kNow)),
              IsOk());
  EXPECT_THAT(VerifyCheckpoint(
                  keys, SignCheckpoint(SigningKey::Generate(), head, kNow)),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(CheckpointTest, ASignatureOverSomethingElseIsNoCheckpoint) {
  const SigningKey key = SigningKey::Generate();
  AuditCheckpoint checkpoint =
      SignCheckpoint(key, HeadOf(SampleChain(1)), kNow);
  AuditCheckpoint bare = checkpoint;
  bare.clear_signature();
  // Without the domain the same bytes could have been signed for another
  // purpose.
  checkpoint.set_signature(key.Sign(ToBytes(Sha256(bare.SerializeAsString()))));

  EXPECT_THAT(VerifyCheckpoint(KeysOf(key), checkpoint),
              StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace airlock
