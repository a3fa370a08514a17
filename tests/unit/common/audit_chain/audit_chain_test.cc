#include "common/audit_chain/audit_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/security/digest.h"

namespace airlock {
namespace {

using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;

AuditRecord RecordOf(const SealedAuditRecord& sealed) {
  AuditRecord record;
  EXPECT_TRUE(record.ParseFromString(sealed.record()));
  return record;
}

AuditRecord MakeRecord(const std::string& actor) {
  AuditRecord record;
  record.set_actor(actor);
  return record;
}

TEST(AuditChainTest, FirstRecordHasNumberOneAndZeroesBeforeIt) {
  ChainHead head{.writer = "w"};

  const SealedAuditRecord sealed = Seal(head, MakeRecord("ada"), "");

  const AuditRecord record = RecordOf(sealed);
  EXPECT_EQ(record.sequence(), 1U);
  EXPECT_EQ(record.writer(), "w");
  EXPECT_EQ(record.previous_hash(), std::string(32, '\0'));
  EXPECT_EQ(record.actor(), "ada");
}

TEST(AuditChainTest, EachRecordHasTheHashOfTheOneBefore) {
  ChainHead head{.writer = "w"};

  const SealedAuditRecord first = Seal(head, MakeRecord("ada"), "");
  const SealedAuditRecord second = Seal(head, MakeRecord("bob"), "");

  EXPECT_EQ(RecordOf(second).previous_hash(), first.hash());
  EXPECT_EQ(RecordOf(second).sequence(), 2U);
  EXPECT_EQ(head.sequence, 2U);
  EXPECT_EQ(head.hash, second.hash());
}

TEST(AuditChainTest, HashIsOfTheDomainAndTheBytes) {
  ChainHead head{.writer = "w"};

  const SealedAuditRecord sealed = Seal(head, MakeRecord("ada"), "{}");

  const std::string domain("airlock.audit.v1\0", 17);
  EXPECT_EQ(sealed.hash(), ToBytes(Sha256(domain + sealed.record())));
}

TEST(AuditChainTest, HashDoesNotChangeWithTheProgram) {
  EXPECT_EQ(HexEncode(HashAuditRecord("")),
            // printf 'airlock.audit.v1\0' | sha256sum
            "917632d5504e79e661bc4eb629b8044969c7bfa66f1817bb2a3b2b4c19e65118");
}

TEST(AuditChainTest, PayloadIsBoundByItsHashAlone) {
  ChainHead head{.writer = "w"};

  const SealedAuditRecord with = Seal(head, MakeRecord("ada"), "{\"a\":1}");
  const SealedAuditRecord without = Seal(head, MakeRecord("ada"), "");

  EXPECT_EQ(with.payload(), "{\"a\":1}");
  EXPECT_EQ(RecordOf(with).payload_sha256(), ToBytes(Sha256("{\"a\":1}")));
  EXPECT_EQ(RecordOf(without).payload_sha256(), "");
}

TEST(AuditChainTest, WhatTheChainSaysIsNotTakenFromTheRecord) {
  ChainHead head{.writer = "w"};
  AuditRecord forged = MakeRecord("ada");
  forged.set_sequence(77);
  forged.set_writer("other");
  forged.set_previous_hash("x");
  forged.set_payload_sha256("y");

  const AuditRecord record = RecordOf(Seal(head, forged, ""));

  EXPECT_EQ(record.sequence(), 1U);
  EXPECT_EQ(record.writer(), "w");
  EXPECT_EQ(record.previous_hash(), FirstPreviousHash());
  EXPECT_EQ(record.payload_sha256(), "");
}

}  // namespace
}  // namespace airlock
