// `airlock report`, `airlock policy replay` and the filters of executions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "nlohmann/json.hpp"
#include "tests/integration/cli/cli_test.h"
#include "tests/integration/cli/terminal.h"
#include "tests/support/temporary_directory.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReportsTest : public CliTest {
 protected:
  // A file with this text.
  std::string Config(const std::string& text) {
    const std::string path = directory_ / "new.json";
    std::ofstream(path) << text;
    return path;
  }

  TemporaryDirectory directory_;
};

TEST_F(ReportsTest, ReportIsATableOfItsRange) {
  const ChildResult table = Airlock(
      {"report", "--since", "2026-11-27", "--until", "1h", "--agent", "a"});

  EXPECT_EQ(table.code, 0) << table.err;
  for (const char* word : {"ci-bot\\u{202E}", "code_exec", "63", "45"}) {
    EXPECT_THAT(table.out, HasSubstr(word));
  }
  EXPECT_EQ(airlock_.reports().range().from_time().seconds(), 1'795'737'600);
  EXPECT_TRUE(airlock_.reports().range().has_to_time());
  EXPECT_EQ(airlock_.reports().range().agent(), "a");
  const ChildResult json = Airlock({"report", "-o", "json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["rows"][0]["repeated"], 45);
  const ChildResult wrong = Airlock({"report", "--since", "soon"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("--since must be a time"));
}

TEST_F(ReportsTest, ReplaySendsTheFileAndShowsWhatDiffers) {
  const std::string path = Config(R"({"autonomy":{}})");
  const ChildResult table =
      Airlock({"policy", "replay", path, "--since", "7d", "--agent", "a"});

  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("42 of 700 requests"));
  EXPECT_THAT(table.out, HasSubstr("deny by autonomy.blockedActions"));
  EXPECT_THAT(table.err, IsEmpty()) << "it is no terminal";
  EXPECT_EQ(airlock_.reports().config(), R"({"autonomy":{}})");
  EXPECT_TRUE(airlock_.reports().range().has_from_time());
  EXPECT_EQ(airlock_.reports().range().agent(), "a");
  const ChildResult json = Airlock({"policy", "replay", path, "-o", "json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["changed"], 42);
}

TEST_F(ReportsTest, ReplayTellsHowFarItIsOnATerminal) {
  Terminal terminal(Argv({"policy", "replay", Config("{}")}), Environment());

  terminal.ReadUntil("500 requests decided again");
  terminal.ReadUntil("42 of 700 requests");
  EXPECT_EQ(terminal.Wait(), 0);
}

TEST_F(ReportsTest, ReplayThatGoesWrongSaysWhy) {
  const ChildResult refused = Airlock({"policy", "replay", Config("fully")});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("autonomy.level"));

  const ChildResult cut = Airlock({"policy", "replay", Config("breaks")});
  EXPECT_EQ(cut.code, 1);
  EXPECT_THAT(cut.err, HasSubstr("without a result"));

  const ChildResult none = Airlock({"policy", "replay", "/nonexistent.json"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("/nonexistent.json"));
  EXPECT_EQ(Airlock({"policy", "replay"}).code, 2);
}

TEST_F(ReportsTest, FiltersOfExecutionsReachTheService) {
  const ChildResult result =
      Airlock({"executions", "ls", "--since", "2026-11-27", "--until", "1h",
               "--agent", "a", "--action", "http_get", "--standing", "finished",
               "--ended-by", "timed_out", "--text", "rm -rf", "--operator"});

  EXPECT_EQ(result.code, 0) << result.err;
  const airlock::v1::ListExecutionsRequest list = airlock_.last_list();
  EXPECT_EQ(list.from_time().seconds(), 1'795'737'600);
  EXPECT_TRUE(list.has_to_time());
  EXPECT_EQ(list.agent(), "a");
  EXPECT_EQ(list.action_kind(), airlock::v1::ACTION_KIND_HTTP_GET);
  EXPECT_EQ(list.state(), airlock::v1::Execution::STATE_FINISHED);
  EXPECT_EQ(list.ended_by(), airlock::v1::Outcome::ENDED_BY_TIMED_OUT);
  EXPECT_EQ(list.text(), "rm -rf");
  EXPECT_THAT(Airlock({"executions", "ls", "--standing", "dead"}).err,
              HasSubstr("--standing must be one of awaiting_approval"));
  EXPECT_EQ(Airlock({"executions", "ls", "--text", ""}).code, 2)
      << "a variable that was not set must not mean everything";
}

}  // namespace
}  // namespace airlock
