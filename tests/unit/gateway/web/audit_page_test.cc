#include "services/gateway/web/audit_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "airlock/v1/audit.pb.h"
#include "tests/support/sample_chain.h"

namespace airlock::gateway {
namespace {

using airlock::v1::ExportAuditRecordsResponse;
using airlock::v1::ListAuditRecordsResponse;
using airlock::v1::SealedAuditRecord;
using testing::HasSubstr;

ExportAuditRecordsResponse Exported(const SealedAuditRecord& record) {
  ExportAuditRecordsResponse response;
  *response.mutable_record() = record;
  return response;
}

std::string Verify(const std::vector<SealedAuditRecord>& chain) {
  const StreamForm form = AuditVerifyForm();
  for (const SealedAuditRecord& record : chain) form.piece(Exported(record));
  return form.last_piece(absl::OkStatus());
}

TEST(AuditListTest, RecordsAreReadable) {
  ListAuditRecordsResponse page;
  for (const SealedAuditRecord& record : SampleChain(2)) {
    *page.add_records() = record;
  }
  page.set_next_page_token("next");

  const auto json = nlohmann::json::parse(AuditListJson(page));

  EXPECT_EQ(json["nextPageToken"], "next");
  ASSERT_EQ(json["records"].size(), 2U);
  EXPECT_EQ(json["records"][1]["sequence"], 2);
  EXPECT_EQ(json["records"][1]["payload"]["code"], "print 2");
}

TEST(AuditVerifyTest, SaysThatTheChainHolds) {
  EXPECT_EQ(Verify(SampleChain(3)),
            "event: end\ndata: {\"records\":\"3\",\"ok\":true}\n\n");
}

TEST(AuditVerifyTest, NamesTheFirstBadRecord) {
  std::vector<SealedAuditRecord> chain = SampleChain(3);
  Tamper(chain[1], /*rehash=*/false,
         [](auto& record) { record.set_actor("nobody"); });

  const std::string end = Verify(chain);

  EXPECT_THAT(end, HasSubstr("AUDIT_HASH_MISMATCH"));
  EXPECT_THAT(end, HasSubstr("record 2"));
}

TEST(AuditExportTest, IsWhatVerifiesElsewhere) {
  const SealedAuditRecord record = SampleChain(1)[0];

  const std::string line = AuditExportForm().piece(Exported(record));

  EXPECT_EQ(line.back(), '\n');
  EXPECT_EQ(nlohmann::json::parse(line)["sequence"], 1);
}

TEST(AuditExportTest, ABreakIsNoLineOfTheAudit) {
  const StreamForm form = AuditExportForm();

  EXPECT_EQ(form.last_piece(absl::OkStatus()), "");
  EXPECT_THAT(form.last_piece(absl::UnavailableError("gone")),
              HasSubstr("{\"error\":{"));
}

TEST(AuditExportRequestTest, TakesTheRangeFromTheQuery) {
  EXPECT_EQ(AuditExportRequest("from=3&to=9"),
            R"({"fromSequence":"3","toSequence":"9"})");
  EXPECT_EQ(AuditExportRequest(""), "{}");
}

}  // namespace
}  // namespace airlock::gateway
