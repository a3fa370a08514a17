#include "common/audit_chain/chain_anchors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/sample_chain.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

airlock::v1::AuditCheckpoint AnchorAt(const ChainHead& head) {
  airlock::v1::AuditCheckpoint checkpoint;
  checkpoint.set_writer(head.writer);
  checkpoint.set_sequence(head.sequence);
  checkpoint.set_hash(head.hash);
  return checkpoint;
}

TEST(ChainAnchorsTest, AChainThatGoesOnFromItsAnchorsIsGood) {
  ChainAnchors anchors;
  ASSERT_THAT(anchors.Add(AnchorAt(HeadOf(SampleChain(3)))), IsOk());

  for (int i = 1; i <= 5; ++i) {
    EXPECT_THAT(anchors.Check(HeadOf(SampleChain(i))), IsOk());
  }
  EXPECT_THAT(anchors.CheckEnd(HeadOf(SampleChain(5))), IsOk());
  EXPECT_TRUE(anchors.Covers(HeadOf(SampleChain(3))));
  EXPECT_FALSE(anchors.Covers(HeadOf(SampleChain(4))));
}

TEST(ChainAnchorsTest, ACutTailIsNamed) {
  ChainAnchors anchors;
  ASSERT_THAT(anchors.Add(AnchorAt(HeadOf(SampleChain(5)))), IsOk());

  const absl::Status status = anchors.CheckEnd(HeadOf(SampleChain(4)));

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss,
                               HasSubstr("record 5 is missing")));
  EXPECT_EQ(ErrorReason(status), "AUDIT_TAIL_CUT");
  EXPECT_EQ(ErrorReason(anchors.CheckEnd(ChainHead())), "AUDIT_TAIL_CUT");
}

TEST(ChainAnchorsTest, AnotherRecordAtItsPlaceIsNamed) {
  ChainAnchors anchors;
  ChainHead head = HeadOf(SampleChain(3));
  ASSERT_THAT(anchors.Add(AnchorAt(head)), IsOk());
  head.hash.front() ^= 1;

  const absl::Status status = anchors.Check(head);

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("record 3: ")));
  EXPECT_EQ(ErrorReason(status), "AUDIT_ANCHOR_MISMATCH");
  EXPECT_FALSE(anchors.Covers(head));
}

TEST(ChainAnchorsTest, AnchorsThatDisagreeAreRefused) {
  ChainAnchors anchors;
  ChainHead head = HeadOf(SampleChain(3));
  ASSERT_THAT(anchors.Add(AnchorAt(head)), IsOk());
  ASSERT_THAT(anchors.Add(AnchorAt(head)), IsOk());
  head.hash.front() ^= 1;

  EXPECT_EQ(ErrorReason(anchors.Add(AnchorAt(head))), "AUDIT_ANCHORS_DISAGREE");
}

TEST(ChainAnchorsTest, AChainOfAWriterThatNoAnchorKnowsIsRefused) {
  ChainAnchors anchors;
  ChainHead other = HeadOf(SampleChain(3));
  other.writer = "w0";
  ASSERT_THAT(anchors.Add(AnchorAt(other)), IsOk());
  other.writer = "w2";
  ASSERT_THAT(anchors.Add(AnchorAt(other)), IsOk());

  EXPECT_EQ(ErrorReason(anchors.CheckEnd(HeadOf(SampleChain(5)))),
            "AUDIT_WRITER_UNKNOWN");
}

TEST(ChainAnchorsTest, WithoutAnchorsNothingIsMissed) {
  EXPECT_THAT(ChainAnchors().CheckEnd(ChainHead()), IsOk());
}

}  // namespace
}  // namespace airlock
