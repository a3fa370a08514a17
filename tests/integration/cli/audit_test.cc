// `airlock audit`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "tests/integration/cli/cli_test.h"
#include "tests/support/temporary_directory.h"

namespace airlock {
namespace {

using airlock::v1::AuditRecord;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Would hide or turn around what stands beside it on a terminal.
constexpr char kHostile[] = "x\u202E\x1B[2J";

class AuditTest : public CliTest {
 protected:
  AuditTest() {
    Append("ci-bot", "allow", R"({"code":"print 1"})");
    Append(kHostile, "deny", "{\"code\":\"\u202E\"}");
    Append("ci-bot", "require_approval", "");
    key_ = WriteFile("policy.pub", airlock_.audit().PublicKey());
  }

  void Append(const std::string& agent, const std::string& outcome,
              const std::string& payload) {
    AuditRecord record;
    record.mutable_time()->set_seconds(1'800'000'000);
    record.set_type(airlock::v1::AUDIT_EVENT_TYPE_REQUEST);
    record.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
    record.set_actor(agent);
    record.set_agent(agent);
    record.set_outcome(outcome);
    record.set_execution_id("e1");
    airlock_.audit().Append(record, payload);
  }

  std::string WriteFile(const std::string& name, const std::string& content) {
    std::ofstream(directory_ / name) << content;
    return directory_ / name;
  }

  // The export, and the path of a file with it.
  std::string Export(const std::string& name) {
    const std::string path = directory_ / name;
    const ChildResult result = Airlock({"audit", "export", path});
    EXPECT_EQ(result.code, 0) << result.err;
    return path;
  }

  static std::string Content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryDirectory directory_;
  std::string key_;
};

TEST_F(AuditTest, ListShowsRecordsNewestFirst) {
  const ChildResult table = Airlock({"audit", "ls"});

  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_LT(table.out.find("require_approval"), table.out.find("allow"));
  for (const char* word : {"2027-01-15T08:00:00Z", "request", "code_exec",
                           "deny", "x\\u{202E}\\u{001B}[2J"}) {
    EXPECT_THAT(table.out, HasSubstr(word));
  }
  EXPECT_THAT(table.out, Not(HasSubstr("\x1B")));
  EXPECT_EQ(airlock_.audit().authorization(), "Bearer alk_test");
}

TEST_F(AuditTest, ListAsJsonHasReadableFields) {
  const ChildResult result =
      Airlock({"audit", "ls", "--limit", "1", "-o", "json"});

  const auto json = nlohmann::json::parse(result.out);
  ASSERT_THAT(json["records"], SizeIs(1));
  EXPECT_EQ(json["records"][0]["sequence"], 3);
  EXPECT_EQ(json["records"][0]["outcome"], "require_approval");
  EXPECT_NE(json["nextPageToken"], "");
}

TEST_F(AuditTest, FilterOptionsReachTheService) {
  const ChildResult result =
      Airlock({"audit", "ls", "--since", "2026-11-27", "--until", "1h",
               "--agent", "a", "--action", "code_exec", "--outcome", "deny",
               "--type", "request", "--text", "print", "--execution", "e1"});

  EXPECT_EQ(result.code, 0) << result.err;
  const airlock::v1::AuditFilter filter = airlock_.audit().filter();
  EXPECT_EQ(filter.from_time().seconds(), 1'795'737'600);
  EXPECT_TRUE(filter.has_to_time());
  EXPECT_EQ(filter.agent(), "a");
  EXPECT_EQ(filter.action_kind(), airlock::v1::ACTION_KIND_CODE_EXEC);
  EXPECT_EQ(filter.outcome(), "deny");
  EXPECT_EQ(filter.type(), airlock::v1::AUDIT_EVENT_TYPE_REQUEST);
  EXPECT_EQ(filter.text(), "print");
  EXPECT_EQ(filter.execution_id(), "e1");
  const ChildResult wrong = Airlock({"audit", "ls", "--action", "code"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("--action must be one of code_exec"));
}

TEST_F(AuditTest, ShowTellsAllOfOne) {
  const ChildResult shown = Airlock({"audit", "show", "2"});

  EXPECT_EQ(shown.code, 0) << shown.err;
  for (const char* word : {"previousHash", "deny", "payloadSha256",
                           "\"code\": \"\\u202e\"", "x\\u{202E}"}) {
    EXPECT_THAT(shown.out, HasSubstr(word));
  }
  const ChildResult json = Airlock({"audit", "show", "2", "-o", "json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["sequence"], 2);
  const ChildResult none = Airlock({"audit", "show", "4"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("AUDIT_RECORD_NOT_FOUND"));
}

TEST_F(AuditTest, AnExportIsAPrivateNewFileThatVerifies) {
  const std::string path = Export("audit.ndjson");

  struct stat found = {};
  ASSERT_EQ(stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  EXPECT_THAT(Content(path), Not(HasSubstr("\u202E")));
  const ChildResult good = Airlock(
      {"audit", "verify", path, "--public-key", key_, "--anchor", path});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("good: "));
  EXPECT_THAT(good.out, Not(HasSubstr("note")));
  const ChildResult again = Airlock({"audit", "export", path});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("File exists"));
}

TEST_F(AuditTest, AnExportGoesToAPipeToo) {
  const ChildResult exported = Airlock({"audit", "export", "--from", "2"});
  ASSERT_EQ(exported.code, 0) << exported.err;
  EXPECT_THAT(exported.out, StartsWith("{\"sequence\":2,"));

  const ChildResult verified = Airlock(
      {"audit", "verify", "-", "--from", "2", "-o", "json"}, exported.out);

  EXPECT_EQ(verified.code, 0) << verified.err;
  const auto report = nlohmann::json::parse(verified.out);
  EXPECT_EQ(report["records"], 2);
  EXPECT_EQ(report["lastSequence"], 3);
  EXPECT_THAT(report["caveats"], SizeIs(3));
}

TEST_F(AuditTest, AnExportThatBreaksLeavesNoFile) {
  airlock_.audit().BreakExports();
  const std::string path = directory_ / "audit.ndjson";

  const ChildResult result = Airlock({"audit", "export", path});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot reach Airlock"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(AuditTest, VerifyNamesTheFirstBadRecord) {
  const std::string content = Content(Export("audit.ndjson"));
  const std::string changed = WriteFile(
      "changed", absl::StrReplaceAll(content, {{"\"deny\"", "\"allow\""}}));

  const ChildResult result = Airlock({"audit", "verify", changed});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("record 2: \"outcome\" is \"allow\""));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(AuditTest, VerifyFindsACutTailByAnAnchor) {
  const std::string whole = Export("audit.ndjson");
  const std::vector<std::string> lines = absl::StrSplit(Content(whole), '\n');
  const std::string cut = WriteFile("cut", lines[0] + "\n" + lines[1] + "\n");
  const ChildResult unnoticed = Airlock({"audit", "verify", cut});
  EXPECT_EQ(unnoticed.code, 0) << unnoticed.err;
  EXPECT_THAT(unnoticed.out, HasSubstr("a cut tail would not show"));

  const ChildResult found =
      Airlock({"audit", "verify", cut, "--anchor", whole});

  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.err, HasSubstr("record 3 is missing"));
}

TEST_F(AuditTest, VerifyRefusesSignaturesOfOthers) {
  const std::string path = Export("audit.ndjson");
  FakeAudit other;
  const std::string wrong = WriteFile("wrong.pub", other.PublicKey());

  const ChildResult result =
      Airlock({"audit", "verify", path, "--public-key", wrong});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("AUDIT_SIGNATURE_WRONG"));
  EXPECT_EQ(Airlock({"audit", "verify", path, "--public-key", wrong,
                     "--public-key", key_})
                .code,
            0);
  EXPECT_EQ(Airlock({"audit", "verify", path, "--public-key", "none"}).code, 1);
}

}  // namespace
}  // namespace airlock
