#include "services/cli/audit/export_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/audit_chain/audit_ndjson.h"
#include "common/audit_chain/checkpoint.h"
#include "common/status/error.h"
#include "tests/support/sample_chain.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::cli {
namespace {

using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;
using google::protobuf::FieldDescriptor;
using Json = nlohmann::ordered_json;
using Lines = std::vector<std::string>;
using ::testing::HasSubstr;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'100);

class ExportVerifierTest : public testing::Test {
 protected:
  // The export of five records, with the checkpoint at its end.
  ExportVerifierTest() : chain_(SampleChain(5)) {
    for (const SealedAuditRecord& sealed : chain_) {
      lines_.push_back(AuditLine(sealed));
    }
    lines_.push_back(CheckpointLine(5));
  }

  std::string CheckpointLine(int count) const {
    return AuditLine(SignCheckpoint(key_, HeadOf(SampleChain(count)), kNow));
  }

  static std::vector<VerifyKey> KeysOf(const SigningKey& key) {
    std::vector<VerifyKey> keys;
    keys.push_back(key.verify_key());
    return keys;
  }

  static absl::StatusOr<VerifyReport> Verify(const Lines& lines,
                                             std::vector<VerifyKey> keys = {},
                                             ChainAnchors anchors = {},
                                             std::uint64_t first = 1) {
    ExportVerifier verifier(first, std::move(keys), std::move(anchors));
    for (const std::string& line : lines) {
      absl::Status status = verifier.AddLine(line);
      if (!status.ok()) return status;
    }
    return verifier.Finish();
  }

  absl::StatusOr<VerifyReport> VerifySigned(const Lines& lines) const {
    return Verify(lines, KeysOf(key_));
  }

  // An anchor that saw the last record.
  static ChainAnchors AnchorAtEnd() {
    ChainAnchors anchors;
    EXPECT_THAT(anchors.Add(SignCheckpoint(SigningKey::Generate(),
                                           HeadOf(SampleChain(5)), kNow)),
                IsOk());
    return anchors;
  }

  const SigningKey key_ = SigningKey::Generate();
  std::vector<SealedAuditRecord> chain_;
  Lines lines_;
};

TEST_F(ExportVerifierTest, AnExportAsItWasWrittenIsGood) {
  const absl::StatusOr<VerifyReport> report =
      Verify(lines_, KeysOf(key_), AnchorAtEnd());

  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->head.writer, "w1");
  EXPECT_EQ(report->head.sequence, 5U);
  EXPECT_EQ(report->first_sequence, 1U);
  EXPECT_EQ(report->records, 5U);
  EXPECT_EQ(report->missing_payloads, 0U);
  EXPECT_EQ(report->checkpoints, 1U);
  EXPECT_TRUE(report->end_is_covered);
}

TEST_F(ExportVerifierTest, AnyChangeOfARecordIsNamed) {
  const auto& type = *AuditRecord::descriptor();
  for (int record = 0; record < 5; ++record) {
    for (int i = 0; i < type.field_count(); ++i) {
      SCOPED_TRACE(absl::StrCat(type.field(i)->name(), " of ", record + 1));
      for (const bool rehash : {false, true}) {
        SealedAuditRecord changed = chain_[record];
        Tamper(changed, rehash, [&](AuditRecord& values) {
          ChangeField(values, *type.field(i));
        });
        Lines lines = lines_;
        // The readable fields are changed with it.
        lines[record] = AuditLine(changed);

        EXPECT_THAT(VerifySigned(lines),
                    StatusIs(kDataLoss,
                             HasSubstr(absl::StrCat("record ", record + 1))));
      }
    }
  }
}

TEST_F(ExportVerifierTest, AnyChangeOfAMemberIsNamed) {
  const Json line = Json::parse(lines_[2]);
  for (const auto& member : line.items()) {
    SCOPED_TRACE(member.key());
    Json changed = line;
    Json& value = changed[member.key()];
    if (value.is_string()) {
      std::string text = value;
      text[0] = text[0] == 'A' ? 'B' : 'A';
      value = text;
    } else {
      value = 4711;
    }
    Lines lines = lines_;
    lines[2] = changed.dump();
    EXPECT_THAT(Verify(lines), StatusIs(kDataLoss, HasSubstr("record 3: ")));

    changed.erase(member.key());
    lines[2] = changed.dump();
    if (member.key() == "payload") {
      // As after the time that payloads are kept for.
      ASSERT_THAT(Verify(lines), IsOk());
      EXPECT_EQ(Verify(lines)->missing_payloads, 1U);
    } else {
      EXPECT_THAT(Verify(lines), StatusIs(kDataLoss, HasSubstr("record 3: ")));
    }
  }
}

TEST_F(ExportVerifierTest, RecordsThatAreMissingSwappedOrDoubleAreNamed) {
  Lines missing = lines_;
  missing.erase(missing.begin() + 2);
  EXPECT_THAT(Verify(missing), StatusIs(kDataLoss, HasSubstr("record 3: ")));

  Lines swapped = lines_;
  std::swap(swapped[1], swapped[2]);
  EXPECT_THAT(Verify(swapped), StatusIs(kDataLoss, HasSubstr("record 2: ")));

  Lines twice = lines_;
  twice.insert(twice.begin() + 2, twice[1]);
  EXPECT_THAT(Verify(twice), StatusIs(kDataLoss, HasSubstr("record 3: ")));
}

TEST_F(ExportVerifierTest, ACutTailIsFoundByAnAnchorOnly) {
  const Lines cut(lines_.begin(), lines_.begin() + 3);

  EXPECT_THAT(Verify(cut), IsOk());

  const auto found = Verify(cut, {}, AnchorAtEnd());
  EXPECT_THAT(found, StatusIs(kDataLoss, HasSubstr("record 4 is missing")));
  EXPECT_EQ(ErrorReason(found.status()), "AUDIT_TAIL_CUT");
}

TEST_F(ExportVerifierTest, ATailCutBeforeItsCheckpointIsNamed) {
  Lines cut = lines_;
  cut.erase(cut.begin() + 4);

  const auto found = Verify(cut);

  EXPECT_THAT(found, StatusIs(kDataLoss, HasSubstr("record 5: it is missing")));
  EXPECT_EQ(ErrorReason(found.status()), "AUDIT_TAIL_CUT");
}

TEST_F(ExportVerifierTest, AChainThatWasWrittenAnewIsFoundByItsSignature) {
  // Somebody without the key makes all hashes fit.
  ChainHead head{.writer = "w1"};
  Lines forged;
  for (int i = 0; i < 5; ++i) {
    forged.push_back(AuditLine(Seal(head, AuditRecord(), "")));
  }
  EXPECT_THAT(Verify(forged), IsOk());

  EXPECT_EQ(ErrorReason(VerifySigned(forged).status()), "AUDIT_NOT_SIGNED");
  EXPECT_EQ(ErrorReason(Verify(forged, {}, AnchorAtEnd()).status()),
            "AUDIT_ANCHOR_MISMATCH");
  forged.push_back(lines_.back());
  EXPECT_EQ(ErrorReason(Verify(forged).status()), "AUDIT_CHECKPOINT_MISMATCH");
  forged.back() = AuditLine(SignCheckpoint(SigningKey::Generate(), head, kNow));
  EXPECT_EQ(ErrorReason(VerifySigned(forged).status()),
            "AUDIT_SIGNATURE_WRONG");
}

TEST_F(ExportVerifierTest, WithKeysTheEndMustBeSigned) {
  Lines lines = lines_;
  lines.pop_back();
  EXPECT_THAT(Verify(lines), IsOk());
  EXPECT_FALSE(Verify(lines)->end_is_covered);
  EXPECT_THAT(VerifySigned(lines), StatusIs(kDataLoss, HasSubstr("record 5")));

  lines.insert(lines.begin() + 4, CheckpointLine(4));
  EXPECT_EQ(ErrorReason(VerifySigned(lines).status()), "AUDIT_NOT_SIGNED");

  EXPECT_THAT(Verify(lines, KeysOf(key_), AnchorAtEnd()), IsOk());
}

TEST_F(ExportVerifierTest, AfterARotationBothKeysAreAccepted) {
  const SigningKey new_key = SigningKey::Generate();
  Lines lines = lines_;
  lines.push_back(
      AuditLine(SignCheckpoint(new_key, HeadOf(SampleChain(5)), kNow)));
  EXPECT_EQ(ErrorReason(VerifySigned(lines).status()), "AUDIT_SIGNATURE_WRONG");

  std::vector<VerifyKey> keys = KeysOf(key_);
  keys.push_back(new_key.verify_key());
  EXPECT_THAT(Verify(lines, std::move(keys)), IsOk());
}

TEST_F(ExportVerifierTest, APartIsVerifiedFromItsFirstRecordOn) {
  const Lines part(lines_.begin() + 2, lines_.end());

  EXPECT_THAT(Verify(part), StatusIs(kDataLoss, HasSubstr("record 1: ")));
  const auto report = Verify(part, KeysOf(key_), {}, 3);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->records, 3U);
  EXPECT_EQ(report->first_sequence, 3U);
}

TEST_F(ExportVerifierTest, NothingIsNotGood) {
  EXPECT_EQ(ErrorReason(Verify({}).status()), "AUDIT_NO_RECORDS");
  EXPECT_EQ(ErrorReason(Verify({lines_.back()}).status()), "AUDIT_TAIL_CUT");
}

TEST_F(ExportVerifierTest, ALineOfAnotherFormIsNamedByItsRecord) {
  Lines lines = lines_;
  lines[3] = "not JSON";

  const auto found = Verify(lines);

  EXPECT_THAT(found, StatusIs(kDataLoss, HasSubstr("record 4: ")));
  EXPECT_EQ(ErrorReason(found.status()), "AUDIT_LINE_UNREADABLE");
}

TEST_F(ExportVerifierTest, FilesAreVerifiedLineByLine) {
  TemporaryDirectory directory;
  const std::string path = directory / "audit.ndjson";
  std::ofstream(path) << absl::StrJoin(lines_, "\n") << "\n";
  ExportVerifier good(1, KeysOf(key_), {});
  EXPECT_THAT(VerifyExport(path, good), IsOk());

  std::ofstream(path) << absl::StrJoin(lines_, "\n");
  ExportVerifier torn(1, KeysOf(key_), {});
  EXPECT_THAT(VerifyExport(path, torn),
              StatusIs(kDataLoss, HasSubstr("middle of line 6")));
}

TEST_F(ExportVerifierTest, AnchorsComeFromCheckpointsAndEarlierExports) {
  TemporaryDirectory directory;
  const std::string path = directory / "anchors";
  std::ofstream(path) << CheckpointLine(1) << "\n" << CheckpointLine(3) << "\n";
  auto anchors = ReadAnchors(path, KeysOf(key_));
  ASSERT_THAT(anchors, IsOk());
  EXPECT_EQ(anchors->size(), 2U);

  std::ofstream(path) << absl::StrJoin(lines_, "\n") << "\n";
  anchors = ReadAnchors(path, KeysOf(key_));
  ASSERT_THAT(anchors, IsOk());
  EXPECT_TRUE(anchors->Covers(HeadOf(chain_)));
}

TEST_F(ExportVerifierTest, AnchorsThatProveNothingAreRefused) {
  TemporaryDirectory directory;
  const std::string path = directory / "anchors";
  EXPECT_THAT(ReadAnchors(path, {}), StatusIs(absl::StatusCode::kNotFound));
  std::ofstream(path) << "";
  EXPECT_THAT(ReadAnchors(path, {}),
              StatusIs(kDataLoss, HasSubstr("no checkpoint")));
  std::ofstream(path) << CheckpointLine(3) << "\n"
                      << "nonsense\n";
  EXPECT_THAT(ReadAnchors(path, {}), StatusIs(kDataLoss, HasSubstr("line 2")));
  std::ofstream(path) << CheckpointLine(3) << "\n";
  EXPECT_THAT(ReadAnchors(path, {}), IsOk());
  EXPECT_EQ(
      ErrorReason(ReadAnchors(path, KeysOf(SigningKey::Generate())).status()),
      "AUDIT_SIGNATURE_WRONG");
}

}  // namespace
}  // namespace airlock::cli
