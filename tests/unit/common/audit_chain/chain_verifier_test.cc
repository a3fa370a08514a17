#include "common/audit_chain/chain_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/status/error.h"
#include "tests/support/sample_chain.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;
using google::protobuf::FieldDescriptor;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Chain = std::vector<SealedAuditRecord>;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

// The first error of a chain.
absl::Status Verify(const Chain& chain, std::uint64_t first_sequence = 1) {
  ChainVerifier verifier(first_sequence);
  for (const SealedAuditRecord& sealed : chain) {
    const absl::Status status = verifier.Add(sealed);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

std::vector<const FieldDescriptor*> AllFields() {
  const auto& type = *AuditRecord::descriptor();
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < type.field_count(); ++i) fields.push_back(type.field(i));
  return fields;
}

TEST(ChainVerifierTest, AChainAsItWasWrittenIsGood) {
  const Chain chain = SampleChain(5);
  ChainVerifier verifier;

  for (const SealedAuditRecord& sealed : chain) {
    ASSERT_THAT(verifier.Add(sealed), IsOk());
  }

  EXPECT_EQ(verifier.records(), 5U);
  EXPECT_EQ(verifier.head().sequence, 5U);
  EXPECT_EQ(verifier.head().writer, "w1");
  EXPECT_EQ(verifier.head().hash, chain.back().hash());
  EXPECT_EQ(verifier.missing_payloads(), 0U);
}

TEST(ChainVerifierTest, APayloadThatIsNoLongerKeptIsCounted) {
  Chain chain = SampleChain(3);
  chain[1].clear_payload();
  ChainVerifier verifier;

  for (const SealedAuditRecord& sealed : chain) {
    ASSERT_THAT(verifier.Add(sealed), IsOk());
  }

  EXPECT_EQ(verifier.missing_payloads(), 1U);
}

TEST(ChainVerifierTest, EveryFieldOfASampleIsSet) {
  AuditRecord record;
  ASSERT_TRUE(record.ParseFromString(SampleChain(1).front().record()));

  std::vector<const FieldDescriptor*> set;
  record.GetReflection()->ListFields(record, &set);

  EXPECT_EQ(set, AllFields());
}

TEST(ChainVerifierTest, AChangeOfAnyFieldIsNamed) {
  for (const FieldDescriptor* field : AllFields()) {
    SCOPED_TRACE(field->name());
    Chain chain = SampleChain(5);
    Tamper(chain[2], false,
           [&](AuditRecord& record) { ChangeField(record, *field); });

    const absl::Status status = Verify(chain);

    EXPECT_THAT(status, StatusIs(kDataLoss, StartsWith("record 3: ")));
    EXPECT_EQ(ErrorReason(status), "AUDIT_HASH_MISMATCH");
  }
}

TEST(ChainVerifierTest, AnyFieldThatIsTakenAwayIsNamed) {
  for (const FieldDescriptor* field : AllFields()) {
    SCOPED_TRACE(field->name());
    Chain chain = SampleChain(5);
    Tamper(chain[2], false, [&](AuditRecord& record) {
      record.GetReflection()->ClearField(&record, field);
    });

    EXPECT_THAT(Verify(chain), StatusIs(kDataLoss, StartsWith("record 3: ")));
  }
}

// What a record with a fitting hash is refused for: for itself, or because the
// next one knows another hash.
std::string RefusalOf(const FieldDescriptor& field) {
  if (field.name() == "sequence") return "AUDIT_SEQUENCE_GAP";
  if (field.name() == "writer") return "AUDIT_WRITER_CHANGED";
  if (field.name() == "payload_sha256") return "AUDIT_PAYLOAD_CHANGED";
  return "AUDIT_PREVIOUS_HASH_MISMATCH";
}

TEST(ChainVerifierTest, AChangeOfAnyFieldIsNamedAlsoWithAFittingHash) {
  for (const FieldDescriptor* field : AllFields()) {
    SCOPED_TRACE(field->name());
    Chain chain = SampleChain(5);
    Tamper(chain[2], true,
           [&](AuditRecord& record) { ChangeField(record, *field); });

    const absl::Status status = Verify(chain);

    EXPECT_THAT(status, StatusIs(kDataLoss, HasSubstr("record 3")));
    EXPECT_EQ(ErrorReason(status), RefusalOf(*field));
  }
}

TEST(ChainVerifierTest, AChangedHashIsNamed) {
  Chain chain = SampleChain(5);
  chain[4].mutable_hash()->front() ^= 1;

  EXPECT_THAT(Verify(chain), StatusIs(kDataLoss, StartsWith("record 5: ")));
}

TEST(ChainVerifierTest, AChangedPayloadIsNamed) {
  Chain chain = SampleChain(5);
  chain[3].set_payload("{}");

  const absl::Status status = Verify(chain);

  EXPECT_THAT(status, StatusIs(kDataLoss, StartsWith("record 4: ")));
  EXPECT_EQ(ErrorReason(status), "AUDIT_PAYLOAD_CHANGED");
}

TEST(ChainVerifierTest, APayloadThatWasNeverThereIsNamed) {
  ChainHead head{.writer = "w1"};
  SealedAuditRecord sealed = Seal(head, AuditRecord(), "");
  sealed.set_payload("{}");

  const absl::Status status = Verify({sealed});

  EXPECT_THAT(status, StatusIs(kDataLoss, StartsWith("record 1: ")));
  EXPECT_EQ(ErrorReason(status), "AUDIT_PAYLOAD_CHANGED");
}

TEST(ChainVerifierTest, ARecordThatIsLeftOutIsNamedWhereverItStood) {
  for (int gone = 0; gone < 4; ++gone) {
    Chain chain = SampleChain(5);
    chain.erase(chain.begin() + gone);

    EXPECT_THAT(
        Verify(chain),
        StatusIs(kDataLoss, absl::StrCat("record ", gone + 1, ": record ",
                                         gone + 2, " stands in its place")));
  }
}

TEST(ChainVerifierTest, ASwappedPairIsNamed) {
  Chain chain = SampleChain(5);
  std::swap(chain[1], chain[2]);

  EXPECT_THAT(Verify(chain),
              StatusIs(kDataLoss, "record 2: record 3 stands in its place"));
}

TEST(ChainVerifierTest, ADuplicateIsNamed) {
  Chain chain = SampleChain(5);
  chain.insert(chain.begin() + 2, chain[1]);

  EXPECT_THAT(Verify(chain),
              StatusIs(kDataLoss, "record 3: record 2 stands in its place"));
}

TEST(ChainVerifierTest, RecordsOfAnotherChainDoNotFitIn) {
  Chain chain = SampleChain(5);
  ChainHead other{.writer = "w1"};
  Chain others;
  for (int i = 0; i < 5; ++i) others.push_back(Seal(other, AuditRecord(), ""));
  chain[2] = others[2];

  const absl::Status status = Verify(chain);

  EXPECT_THAT(status, StatusIs(kDataLoss, StartsWith("record 3: ")));
  EXPECT_EQ(ErrorReason(status), "AUDIT_PREVIOUS_HASH_MISMATCH");
}

TEST(ChainVerifierTest, AChainBeginsAtItsBeginning) {
  Chain chain = SampleChain(1);
  Tamper(chain[0], true, [](AuditRecord& record) {
    record.set_previous_hash(std::string(32, 'x'));
  });

  const absl::Status status = Verify(chain);

  EXPECT_THAT(status, StatusIs(kDataLoss, StartsWith("record 1: ")));
  EXPECT_EQ(ErrorReason(status), "AUDIT_PREVIOUS_HASH_MISMATCH");
}

TEST(ChainVerifierTest, APartOfAChainIsVerifiedFromItsFirstRecordOn) {
  Chain chain = SampleChain(5);
  chain.erase(chain.begin(), chain.begin() + 2);

  EXPECT_THAT(Verify(chain, 3), IsOk());
  EXPECT_THAT(Verify(chain, 2),
              StatusIs(kDataLoss, "record 2: record 3 stands in its place"));
  std::swap(chain[1], chain[2]);
  EXPECT_THAT(Verify(chain, 3),
              StatusIs(kDataLoss, "record 4: record 5 stands in its place"));
}

TEST(ChainVerifierTest, BytesThatAreNoRecordAreNamed) {
  SealedAuditRecord sealed;
  sealed.set_record("\xFF");
  sealed.set_hash(HashAuditRecord(sealed.record()));

  const absl::Status status = Verify({sealed});

  EXPECT_THAT(status, StatusIs(kDataLoss, StartsWith("record 1: ")));
  EXPECT_EQ(ErrorReason(status), "AUDIT_RECORD_UNREADABLE");
}

TEST(ChainVerifierTest, WhatThisVersionDoesNotKnowIsNamed) {
  const auto reason_of = [](const auto& change) {
    Chain chain = SampleChain(1);
    Tamper(chain[0], true, change);
    return ErrorReason(Verify(chain));
  };

  EXPECT_EQ(reason_of([](AuditRecord& record) {
              record.GetReflection()->MutableUnknownFields(&record)->AddVarint(
                  99, 1);
            }),
            "AUDIT_UNKNOWN_FIELD");
  EXPECT_EQ(reason_of([](AuditRecord& record) {
              auto& time = *record.mutable_time();
              time.GetReflection()->MutableUnknownFields(&time)->AddVarint(99,
                                                                           1);
            }),
            "AUDIT_UNKNOWN_FIELD");
  EXPECT_EQ(reason_of([](AuditRecord& record) {
              record.set_type(static_cast<airlock::v1::AuditEventType>(99));
            }),
            "AUDIT_UNKNOWN_FIELD");
}

}  // namespace
}  // namespace airlock
