#include "common/audit_chain/audit_ndjson.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "common/audit_chain/checkpoint.h"
#include "common/status/error.h"
#include "tests/support/sample_chain.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::AuditCheckpoint;
using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;
using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

std::string ReasonOf(absl::string_view line) {
  return ErrorReason(ParseAuditLine(line).status());
}

// The line of this record, read back; fails the test if it is another one.
SealedAuditRecord ThereAndBack(const SealedAuditRecord& sealed) {
  const absl::StatusOr<AuditItem> item = ParseAuditLine(AuditLine(sealed));
  EXPECT_THAT(item, IsOk());
  if (!item.ok()) return {};
  const auto* record = std::get_if<SealedAuditRecord>(&*item);
  EXPECT_NE(record, nullptr);
  return record == nullptr ? SealedAuditRecord() : *record;
}

void ExpectSame(const SealedAuditRecord& left, const SealedAuditRecord& right) {
  EXPECT_EQ(left.record(), right.record());
  EXPECT_EQ(left.hash(), right.hash());
  EXPECT_EQ(left.payload(), right.payload());
}

SealedAuditRecord WithPayload(std::string payload) {
  ChainHead head{.writer = "w1"};
  return Seal(head, AuditRecord(), std::move(payload));
}

TEST(AuditNdjsonTest, ARecordIsReadable) {
  AuditRecord record;
  record.mutable_time()->set_seconds(1'800'000'000);
  record.set_type(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ASKED);
  record.set_action_kind(airlock::v1::ACTION_KIND_HTTP_GET);
  record.set_execution_id("e1");
  ChainHead head{.writer = "w1"};
  const SealedAuditRecord sealed = Seal(head, record, R"({"a":[1]})");

  const Json line = Json::parse(AuditLine(sealed));

  EXPECT_EQ(line["sequence"], 1);
  EXPECT_EQ(line["writer"], "w1");
  EXPECT_EQ(line["previousHash"], std::string(64, '0'));
  EXPECT_EQ(line["time"], "2027-01-15T08:00:00Z");
  EXPECT_EQ(line["type"], "approval_asked");
  EXPECT_EQ(line["actionKind"], "http_get");
  EXPECT_EQ(line["executionId"], "e1");
  EXPECT_EQ(line["record"], absl::Base64Escape(sealed.record()));
  EXPECT_EQ(line["hash"], absl::BytesToHexString(sealed.hash()));
  EXPECT_EQ(line["payload"], Json::parse(R"({"a":[1]})"));
  EXPECT_FALSE(line.contains("approvalId"));
}

TEST(AuditNdjsonTest, ARecordComesBackByteForByte) {
  for (const SealedAuditRecord& sealed : SampleChain(3)) {
    ExpectSame(ThereAndBack(sealed), sealed);
  }
}

TEST(AuditNdjsonTest, APayloadOfAnyBytesComesBack) {
  const std::string deep = std::string(32, '[') + std::string(32, ']');
  for (const std::string& payload :
       {std::string(), std::string("null"), std::string("{ }"),
        std::string("\xFF\0\n", 3), std::string("1,\"x\":2"),
        std::string("[1],[2]"), std::string(R"({"a":1,"a":2})"),
        std::string("{\"a\":\"\\u00e9\"}"), std::string("\"\xC3\xA9\""), deep,
        std::string("1}")}) {
    SCOPED_TRACE(payload);
    const SealedAuditRecord sealed = WithPayload(payload);
    ExpectSame(ThereAndBack(sealed), sealed);
  }
}

TEST(AuditNdjsonTest, BlanksOrderAndEscapesDoNotMatter) {
  const SealedAuditRecord sealed = WithPayload("{\"b\":\"\xC3\xA9\",\"a\":1}");
  const Json line = Json::parse(AuditLine(sealed));
  // Sorted, as tools do it with the outermost object.
  Json sorted;
  std::set<std::string> keys;
  for (const auto& member : line.items()) keys.insert(member.key());
  for (const std::string& key : keys) sorted[key] = line[key];

  const absl::StatusOr<AuditItem> item =
      ParseAuditLine(sorted.dump(2, ' ', /*ensure_ascii=*/true));

  ASSERT_THAT(item, IsOk());
  ExpectSame(std::get<SealedAuditRecord>(*item), sealed);
}

TEST(AuditNdjsonTest, AnyReadableFieldThatIsChangedIsNamed) {
  const Json line = Json::parse(AuditLine(SampleChain(1).front()));
  const int fields = AuditRecord::descriptor()->field_count();
  int changed_fields = 0;
  for (const auto& [key, value] : line.items()) {
    if (key == "record" || key == "hash" || key == "payload") continue;
    SCOPED_TRACE(key);
    Json changed = line;
    if (value.is_string()) {
      changed[key] = value.get<std::string>() + "x";
    } else {
      changed[key] = value.get<int>() + 1;
    }
    ++changed_fields;

    const absl::StatusOr<AuditItem> item = ParseAuditLine(changed.dump());

    EXPECT_THAT(item, StatusIs(absl::StatusCode::kDataLoss,
                               HasSubstr("\"" + key + "\" is ")));
    EXPECT_EQ(ErrorReason(item.status()), "AUDIT_FIELD_CHANGED");
    changed.erase(key);
    EXPECT_THAT(ParseAuditLine(changed.dump()),
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr("\"" + key + "\" is missing")));
    changed[key] = nullptr;
    EXPECT_EQ(ReasonOf(changed.dump()), "AUDIT_FIELD_CHANGED");
  }
  EXPECT_EQ(changed_fields, fields);
}

TEST(AuditNdjsonTest, AFieldThatTheBytesDoNotHaveIsNamed) {
  Json line = Json::parse(AuditLine(WithPayload("")));
  line["approvalId"] = "a1";

  EXPECT_THAT(ParseAuditLine(line.dump()),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("\"approvalId\" is there, but not in")));
  line.erase("approvalId");
  line["comment"] = "approved by the board";
  EXPECT_EQ(ReasonOf(line.dump()), "AUDIT_FIELD_CHANGED");
}

TEST(AuditNdjsonTest, LinesOfAnotherFormAreRefused) {
  const std::string line = AuditLine(SampleChain(1).front());
  ASSERT_THAT(ParseAuditLine(line), IsOk());
  const auto replaced = [&](absl::string_view from, absl::string_view to) {
    const std::string other = absl::StrReplaceAll(line, {{from, to}});
    EXPECT_NE(other, line);
    return ReasonOf(other);
  };

  for (const char* bad : {"", "[]", "1", "{", "{}", "{}{}", "null", "[{}]"}) {
    EXPECT_EQ(ReasonOf(bad), "AUDIT_LINE_UNREADABLE") << bad;
  }
  EXPECT_EQ(ReasonOf(line + line), "AUDIT_LINE_UNREADABLE");
  EXPECT_EQ(replaced("\"hash\":", "\"hash\":\"\",\"hash\":"),
            "AUDIT_LINE_UNREADABLE");
  EXPECT_EQ(replaced("\"hash\":\"", "\"hash\":\"AA"), "AUDIT_LINE_UNREADABLE");
  EXPECT_EQ(replaced("\"hash\":\"", "\"hash\":\"0"), "AUDIT_LINE_UNREADABLE");
  EXPECT_EQ(replaced("\"record\":\"", "\"record\":\" "),
            "AUDIT_LINE_UNREADABLE");
  EXPECT_EQ(replaced("\"payload\":", "\"payloadBase64\":\"\",\"payload\":"),
            "AUDIT_LINE_UNREADABLE");
  EXPECT_EQ(replaced("{\"sequence\"", "{\"checkpoint\":{},\"sequence\""),
            "AUDIT_LINE_UNREADABLE");
}

AuditCheckpoint SomeCheckpoint(const SigningKey& key) {
  return SignCheckpoint(
      key, HeadOf(SampleChain(2)),
      absl::FromUnixSeconds(1'800'000'000) + absl::Nanoseconds(1));
}

TEST(AuditNdjsonTest, ACheckpointComesBackWithItsSignature) {
  const SigningKey key = SigningKey::Generate();
  const AuditCheckpoint checkpoint = SomeCheckpoint(key);

  const absl::StatusOr<AuditItem> item = ParseAuditLine(AuditLine(checkpoint));

  ASSERT_THAT(item, IsOk());
  const auto& read = std::get<AuditCheckpoint>(*item);
  EXPECT_EQ(read.SerializeAsString(), checkpoint.SerializeAsString());
  std::vector<VerifyKey> keys;
  keys.push_back(key.verify_key());
  EXPECT_THAT(VerifyCheckpoint(keys, read), IsOk());
}

TEST(AuditNdjsonTest, CheckpointsOfAnotherFormAreRefused) {
  const Json line =
      Json::parse(AuditLine(SomeCheckpoint(SigningKey::Generate())));
  for (const auto& [key, value] : line["checkpoint"].items()) {
    SCOPED_TRACE(key);
    Json changed = line;
    changed["checkpoint"].erase(key);
    EXPECT_EQ(ReasonOf(changed.dump()), "AUDIT_LINE_UNREADABLE");
    changed["checkpoint"][key] = nullptr;
    EXPECT_EQ(ReasonOf(changed.dump()), "AUDIT_LINE_UNREADABLE");
  }
  Json more = line;
  more["checkpoint"]["x"] = 1;
  EXPECT_EQ(ReasonOf(more.dump()), "AUDIT_FIELD_CHANGED");
  more = line;
  more["checkpoint"]["time"] = "infinite-future";
  EXPECT_EQ(ReasonOf(more.dump()), "AUDIT_LINE_UNREADABLE");
  // The same time in other words: what is shown has one spelling.
  more["checkpoint"]["time"] = "2027-01-15T08:00:00.000000001+00:00";
  EXPECT_EQ(ReasonOf(more.dump()), "AUDIT_FIELD_CHANGED");
  more = line;
  more["x"] = 1;
  EXPECT_EQ(ReasonOf(more.dump()), "AUDIT_LINE_UNREADABLE");
  more = line;
  more["checkpoint"]["sequence"] = 0;
  EXPECT_EQ(ReasonOf(more.dump()), "AUDIT_LINE_UNREADABLE");
}

TEST(AuditNdjsonTest, BytesThatAreNoRecordStillHaveALine) {
  SealedAuditRecord sealed;
  sealed.set_record("\xFF");
  sealed.set_hash(std::string(32, 'x'));

  ExpectSame(ThereAndBack(sealed), sealed);
}

}  // namespace
}  // namespace airlock
