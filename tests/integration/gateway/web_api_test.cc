// The API as the page calls it, before a real policy service.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/integration/gateway/web_client.h"
#include "tests/integration/services/stack.h"
#include "tests/support/transcript.h"

namespace airlock {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kContract[] = R"("autonomy":{"level":"supervised"})";

class WebApiTest : public testing::Test {
 protected:
  WebApiTest() {
    stack_.StartExecutor("one");
    EXPECT_EQ(ann_.SignIn("ann").status, 200);
    EXPECT_EQ(olga_.SignIn("olga").status, 200);
    EXPECT_EQ(ada_.SignIn("ada").status, 200);
    EXPECT_TRUE(WaitForWeb(ann_));
    stack_.WaitReady();
  }
  ~WebApiTest() override {
    if (asker_.joinable()) asker_.join();
  }

  // An agent asks; the question, as the page gets it.
  json Ask() {
    asker_ = std::thread([this] {
      transcript_ = stack_.Execute("ada", Command({"echo", "hello"}));
    });
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (absl::Now() < deadline) {
      const json page =
          json::parse(ann_.Call("ApprovalService/ListApprovals", "{}").body);
      if (!page["approvals"].empty()) return page["approvals"][0];
    }
    ADD_FAILURE() << "nobody was asked";
    return {};
  }

  RawHttpAnswer Decide(const WebClient& client, const json& approval,
                       const std::string& answer) const {
    return client.Call("ApprovalService/DecideApproval",
                       json{{"id", approval["id"]},
                            {"answer", answer},
                            {"comment", "for <you>"},
                            {"digest", approval["digest"]}}
                           .dump());
  }

  Stack stack_{kContract};
  WebClient ann_{stack_.gateway().web_port()};
  WebClient olga_{stack_.gateway().web_port()};
  WebClient ada_{stack_.gateway().web_port()};
  std::thread asker_;
  Transcript transcript_;
};

TEST_F(WebApiTest, SomebodyApprovesAndItRuns) {
  const json question = Ask();
  EXPECT_EQ(question["state"], "STATE_PENDING");
  const json shown = json::parse(ann_.Call("ApprovalService/GetApproval",
                                           json{{"id", question["id"]}}.dump())
                                     .body);
  EXPECT_TRUE(shown["approval"]["view"]["complete"]);

  const RawHttpAnswer answer = Decide(ann_, question, "ANSWER_APPROVE");

  EXPECT_EQ(answer.status, 200) << answer.body;
  asker_.join();
  EXPECT_EQ(transcript_.stdout_data, "hello\n");
}

TEST_F(WebApiTest, WhoComesLateLearnsWhoDecided) {
  const json question = Ask();
  ASSERT_EQ(Decide(ann_, question, "ANSWER_REJECT").status, 200);

  const RawHttpAnswer late = Decide(ann_, question, "ANSWER_APPROVE");

  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(late.body, HasSubstr("APPROVAL_ENDED"));
  asker_.join();
  EXPECT_EQ(transcript_.completed.state(),
            airlock::v1::Execution::STATE_REJECTED);
  EXPECT_EQ(transcript_.completed.state_message().find("for <you>") !=
                std::string::npos,
            true);
}

TEST_F(WebApiTest, RolesAreThoseOfTheApi) {
  const json question = Ask();

  EXPECT_EQ(Decide(olga_, question, "ANSWER_APPROVE").status, 403);
  EXPECT_EQ(Decide(ada_, question, "ANSWER_APPROVE").status, 403);
  EXPECT_EQ(ann_.Call("ExecutorService/ListExecutors", "{}").status, 403);
  EXPECT_EQ(olga_.Call("ExecutorService/ListExecutors", "{}").status, 200);
  EXPECT_EQ(ann_.Post("/api/audit/list", "{}").status, 403);

  EXPECT_EQ(Decide(ann_, question, "ANSWER_REJECT").status, 200);
}

TEST_F(WebApiTest, BadRequestsNameWhatIsWrong) {
  const RawHttpAnswer unknown =
      ann_.Call("ApprovalService/ListApprovals", R"({"nothing":1})");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_THAT(unknown.body, HasSubstr("nothing"));
  EXPECT_EQ(ann_.Call("ApprovalService/ListApprovals", "no json").status, 400);
  EXPECT_EQ(ann_.Call("ApprovalService/ListApprovals", "").status, 400);
  EXPECT_EQ(ann_.Call("ApprovalService/Nothing", "{}").status, 404);
  EXPECT_EQ(ann_.Call("ApprovalService/WatchApprovals", "{}").status, 400);
  EXPECT_EQ(ann_.Get("/api/call/ApprovalService/ListApprovals").status, 501);
  const RawHttpAnswer field =
      ann_.Call("ApprovalService/ListApprovals", R"({"pageSize":-1})");
  EXPECT_EQ(field.status, 400);
  EXPECT_THAT(field.body, HasSubstr(R"("violations":[{"field":"page_size")"));
}

TEST_F(WebApiTest, TheAuditIsReadExportedAndVerified) {
  const json question = Ask();
  ASSERT_EQ(Decide(ann_, question, "ANSWER_REJECT").status, 200);
  asker_.join();

  const json list = json::parse(olga_.Post("/api/audit/list", "{}").body);
  const RawHttpAnswer exported = olga_.Get("/api/audit/export?from=1&to=2");
  const RawHttpAnswer verified = olga_.Get("/api/audit/verify");

  EXPECT_GE(list["records"].size(), 4U);
  EXPECT_EQ(exported.headers.at("content-type"), "application/x-ndjson");
  EXPECT_EQ(json::parse(
                exported.body.substr(0, exported.body.find('\n')))["sequence"],
            1);
  EXPECT_THAT(verified.body, HasSubstr(R"("ok":true)"));
}

TEST_F(WebApiTest, AGetChangesNothing) {
  EXPECT_EQ(ada_.Get("/api/events/ExecutionService/Execute?request={}").status,
            501);
}

}  // namespace
}  // namespace airlock
