// Events as the page gets them, before a real policy service.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/gateway/web_client.h"
#include "tests/integration/services/stack.h"
#include "tests/support/transcript.h"

namespace airlock {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class WebEventsTest : public testing::Test {
 protected:
  WebEventsTest() {
    stack_.StartExecutor("one");
    EXPECT_EQ(ann_.SignIn("ann").status, 200);
    EXPECT_EQ(olga_.SignIn("olga").status, 200);
    EXPECT_TRUE(WaitForWeb(ann_));
    stack_.WaitReady();
  }

  int port() { return stack_.gateway().web_port(); }

  std::string Request(const WebClient& client, const std::string& target,
                      const std::string& more = "") {
    return absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: 127.0.0.1:", port(),
                        "\r\n", client.Headers(), more, "\r\n");
  }

  Stack stack_{R"("autonomy":{"level":"full"},"approvalGating":{"rules":[
      {"action":"system_command","command":"sleep","approval":"required"}]})"};
  WebClient ann_{port()};
  WebClient olga_{port()};
};

TEST_F(WebEventsTest, QuestionsComeAsTheyAreAsked) {
  RawHttp events(port());
  ASSERT_TRUE(
      events.Send(Request(ann_, "/api/events/ApprovalService/WatchApprovals")));
  const RawHttpAnswer head = events.ReadHead();
  EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(head.headers.at("cache-control"), "no-store");
  // All that is pending has been told: nothing.
  ASSERT_TRUE(events.ReadUntil("data: {}"));

  std::thread asker([this] { stack_.Execute("ada", Command({"sleep", "0"})); });
  ASSERT_TRUE(events.ReadUntil("STATE_PENDING"));
  const json question = json::parse(
      ann_.Call("ApprovalService/ListApprovals", "{}").body)["approvals"][0];
  EXPECT_EQ(
      ann_.Call(
              "ApprovalService/DecideApproval",
              json{{"id", question["id"]}, {"answer", "ANSWER_REJECT"}}.dump())
          .status,
      200);

  EXPECT_TRUE(events.ReadUntil("STATE_REJECTED"));
  asker.join();
}

TEST_F(WebEventsTest, OutputGoesOnWhereItBrokeOff) {
  const Transcript ran = stack_.Execute("ada", Command({"echo", "hello"}));
  ASSERT_EQ(ran.stdout_data, "hello\n");
  const std::string target = absl::StrCat(
      "/api/events/ExecutionService/WatchExecution?request=%7B%22id%22%3A%22",
      ran.id, "%22%7D");
  const std::string all = Fetch(port(), "GET", target, olga_.Headers()).body;
  EXPECT_THAT(all, HasSubstr("id: 6-0\n"));
  EXPECT_THAT(all, HasSubstr(absl::Base64Escape("hello\n")));
  EXPECT_THAT(all, HasSubstr("event: end\ndata: {}\n"));

  const std::string rest =
      Fetch(port(), "GET", target,
            absl::StrCat(olga_.Headers(), "Last-Event-ID: 3-0\r\n"))
          .body;

  EXPECT_THAT(rest, HasSubstr(absl::Base64Escape("lo\n")));
}

TEST_F(WebEventsTest, TheEndSaysWhatWasWrong) {
  const std::string body =
      Fetch(port(), "GET",
            "/api/events/ExecutionService/WatchExecution?request=%7B%22id%22"
            "%3A%22nothing%22%7D",
            olga_.Headers())
          .body;

  EXPECT_THAT(body, HasSubstr("event: end\ndata: {\"code\":\"NOT_FOUND\""));
}

TEST_F(WebEventsTest, ManyStreamsHoldUpNobody) {
  constexpr int kStreams = 200;
  std::vector<std::unique_ptr<RawHttp>> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(std::make_unique<RawHttp>(port()));
    ASSERT_TRUE(streams.back()->Send(
        Request(ann_, "/api/events/ApprovalService/WatchApprovals")));
  }
  for (const auto& stream : streams) ASSERT_TRUE(stream->ReadUntil("data: {}"));

  EXPECT_EQ(ann_.Call("ApprovalService/ListApprovals", "{}").status, 200);

  // Whoever goes gives the place back.
  streams.clear();
  EXPECT_EQ(ann_.Call("ApprovalService/ListApprovals", "{}").status, 200);
}

TEST_F(WebEventsTest, AStreamEndsWithTheTimeOfItsSession) {
  stack_.SignOutAfter(absl::Seconds(3));
  ASSERT_EQ(ann_.SignIn("ann").status, 200);
  ASSERT_TRUE(WaitForWeb(ann_));
  RawHttp events(port());
  ASSERT_TRUE(
      events.Send(Request(ann_, "/api/events/ApprovalService/WatchApprovals")));
  ASSERT_TRUE(events.ReadUntil("data: {}"));

  EXPECT_TRUE(events.ReadUntil("\"code\":\"UNAUTHENTICATED\""))
      << events.rest();
  EXPECT_TRUE(events.ReadUntil("0\r\n\r\n"));
}

TEST_F(WebEventsTest, OutputEndsWithTheTimeOfItsSession) {
  stack_.SignOutAfter(absl::Seconds(3));
  ASSERT_EQ(olga_.SignIn("olga").status, 200);
  ASSERT_TRUE(WaitForWeb(olga_));
  const auto client = stack_.Client();
  const auto context = Stack::As("ada");
  // It waits for an answer, and so is not over before.
  const auto asked = client->Execute(context.get(), Command({"sleep", "0"}));
  airlock::v1::ExecuteResponse accepted;
  ASSERT_TRUE(asked->Read(&accepted));
  RawHttp events(port());
  ASSERT_TRUE(events.Send(Request(
      olga_, absl::StrCat("/api/events/ExecutionService/WatchExecution"
                          "?request=%7B%22id%22%3A%22",
                          accepted.event().accepted().id(), "%22%7D"))));

  EXPECT_TRUE(events.ReadUntil("\"code\":\"UNAUTHENTICATED\""))
      << events.rest();
  context->TryCancel();
}

TEST_F(WebEventsTest, AStreamEndsWithItsToken) {
  RawHttp events(port());
  ASSERT_TRUE(
      events.Send(Request(ann_, "/api/events/ApprovalService/WatchApprovals")));
  ASSERT_TRUE(events.ReadUntil("data: {}"));

  stack_.WithdrawTokens();

  EXPECT_TRUE(events.ReadUntil("\"code\":\"UNAUTHENTICATED\""));
  EXPECT_EQ(ann_.Get("/api/session").status, 401);
}

TEST_F(WebEventsTest, AGatewayThatStopsEndsItsStreams) {
  RawHttp events(port());
  ASSERT_TRUE(
      events.Send(Request(ann_, "/api/events/ApprovalService/WatchApprovals")));
  ASSERT_TRUE(events.ReadUntil("data: {}"));

  stack_.gateway().Drain(absl::Now() + absl::Seconds(10));

  EXPECT_TRUE(events.WaitForClose());
}

}  // namespace
}  // namespace airlock
