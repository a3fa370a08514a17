#include "services/gateway/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/support/raw_http.h"
#include "tests/support/status_matchers.h"

namespace airlock::gateway {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMaxBody = 1000;

// Answers with what it got; "/stream" with a stream, "/keep" later.
class EchoHandler final : public HttpHandler {
 public:
  std::size_t MaxBodyBytes(const HttpRequest& /*head*/) override {
    return kMaxBody;
  }
  void Handle(std::shared_ptr<HttpExchange> exchange) override {
    const HttpRequest& request = exchange->request();
    if (request.path == "/drop") return;
    if (request.path == "/keep") {
      absl::MutexLock lock(&mutex_);
      kept_.push_back(std::move(exchange));
      return;
    }
    if (request.path == "/stream") {
      exchange->StartStream({}, IdlePiece{Piece("idle"), kIdle},
                            [this] { gone_.Notify(); });
      absl::MutexLock lock(&mutex_);
      kept_.push_back(std::move(exchange));
      return;
    }
    exchange->Respond(
        {200,
         {{"X-Query", request.query}},
         absl::StrCat(request.method, " ", request.path, " ", request.body)});
  }
  HttpResponse Unreadable(int status) override { return {status, {}, "no"}; }

  // The exchange that was kept; waits for it.
  std::shared_ptr<HttpExchange> Kept() {
    const auto some = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return !kept_.empty();
    };
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithTimeout(absl::Condition(&some), absl::Seconds(10))) {
      return nullptr;
    }
    std::shared_ptr<HttpExchange> exchange = std::move(kept_.back());
    kept_.pop_back();
    return exchange;
  }
  bool WaitForGone() {
    return gone_.WaitForNotificationWithTimeout(absl::Seconds(10));
  }

  static std::shared_ptr<const std::string> Piece(const char* text) {
    return std::make_shared<const std::string>(text);
  }

 private:
  static constexpr absl::Duration kIdle = absl::Milliseconds(100);

  absl::Mutex mutex_;
  std::vector<std::shared_ptr<HttpExchange>> kept_ ABSL_GUARDED_BY(mutex_);
  absl::Notification gone_;
};

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() { options_.listen = {"127.0.0.1", 0}; }

  int Start() {
    auto server = HttpServer::Start(options_, handler_);
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
    return server_->port();
  }

  HttpServerOptions options_;
  EchoHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
  RawHttp http(Start());

  ASSERT_TRUE(
      http.Send("POST /a%20b?q=1 HTTP/1.1\r\nHost: x\r\n"
                "Content-Length: 3\r\n\r\nabc"
                "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"));

  const RawHttpAnswer first = http.Read();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "POST /a b abc");
  EXPECT_EQ(first.headers.at("x-query"), "q=1");
  EXPECT_EQ(http.Read().body, "GET /next ");
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  RawHttp http(Start());

  ASSERT_TRUE(
      http.Send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n"
                "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"));

  EXPECT_EQ(http.ReadHead().headers.at("content-length"), "7");
  EXPECT_EQ(http.Read().body, "GET /b ");
}

struct Refused {
  const char* name;
  const char* bytes;
  int status;
};

class HttpServerRefusesTest : public HttpServerTest,
                              public testing::WithParamInterface<Refused> {};

TEST_P(HttpServerRefusesTest, WithItsStatusAndCloses) {
  RawHttp http(Start());

  ASSERT_TRUE(http.Send(GetParam().bytes));

  EXPECT_EQ(http.Read().status, GetParam().status);
  EXPECT_TRUE(http.WaitForClose());
}

INSTANTIATE_TEST_SUITE_P(
    All, HttpServerRefusesTest,
    testing::Values(
        Refused{"NoHttp", "\x16\x03\x01 hello there\r\n\r\n", 400},
        Refused{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        Refused{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                400},
        Refused{"TwoLengths",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                "Content-Length: 2\r\n\r\nab",
                400},
        Refused{"LengthAndChunks",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400},
        Refused{"TwoCookies",
                "GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=1\r\n"
                "\r\n",
                400},
        Refused{"OldVersion", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 505},
        Refused{"WholeUrl", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refused{"NulInPath", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refused{"LongBody",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",
                413},
        Refused{"LongChunk",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                "\r\n3e9\r\n",
                413}),
    [](const auto& each) { return each.param.name; });

TEST_F(HttpServerTest, RefusesLongHeads) {
  RawHttp http(Start());

  ASSERT_TRUE(http.Send(absl::StrCat("GET / HTTP/1.1\r\nHost: a\r\nX: ",
                                     std::string(20'000, 'x'), "\r\n\r\n")));

  EXPECT_EQ(http.Read().status, 431);
}

TEST_F(HttpServerTest, WhoSendsSlowlyIsCutOff) {
  options_.head_timeout = absl::Milliseconds(300);
  RawHttp http(Start());
  const absl::Time begin = absl::Now();

  // A byte now and then does not help.
  while (http.Send("G") && absl::Now() < begin + absl::Seconds(10)) {
    if (http.WaitForClose(absl::Milliseconds(100))) break;
  }

  EXPECT_LT(absl::Now() - begin, absl::Seconds(9));
}

TEST_F(HttpServerTest, WhoSendsItsBodySlowlyIsCutOff) {
  options_.body_timeout = absl::Milliseconds(300);
  RawHttp http(Start());

  ASSERT_TRUE(
      http.Send("POST / HTTP/1.1\r\nHost: a\r\n"
                "Content-Length: 10\r\n\r\nabc"));

  EXPECT_TRUE(http.WaitForClose());
}

TEST_F(HttpServerTest, MoreConnectionsThanAllowedAreClosed) {
  options_.max_connections = 2;
  const int port = Start();
  RawHttp first(port);
  RawHttp second(port);
  ASSERT_TRUE(first.Send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(first.Read().status, 200);
  ASSERT_TRUE(second.Send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(second.Read().status, 200);

  RawHttp third(port);

  EXPECT_TRUE(third.WaitForClose());
  ASSERT_TRUE(first.Send("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(first.Read().body, "GET /3 ");
}

TEST_F(HttpServerTest, WhatNobodyAnswersIsAnError) {
  RawHttp http(Start());

  ASSERT_TRUE(http.Send("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n"));

  EXPECT_EQ(http.Read().status, 500);
}

TEST_F(HttpServerTest, StreamsPiecesAndItsEnd) {
  RawHttp http(Start());
  ASSERT_TRUE(http.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto exchange = handler_.Kept();
  ASSERT_NE(exchange, nullptr);
  absl::Notification sent;

  exchange->Write(EchoHandler::Piece("one,"), [&](bool ok) {
    EXPECT_TRUE(ok);
    sent.Notify();
  });
  ASSERT_TRUE(sent.WaitForNotificationWithTimeout(absl::Seconds(10)));
  exchange->Write(EchoHandler::Piece("two"), nullptr);
  exchange->Finish();

  const RawHttpAnswer answer = http.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("one,"));
  EXPECT_THAT(answer.body, HasSubstr("two"));
  EXPECT_TRUE(http.WaitForClose());
}

TEST_F(HttpServerTest, QuietStreamsAreKeptAlive) {
  RawHttp http(Start());

  ASSERT_TRUE(http.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"));

  EXPECT_TRUE(http.ReadUntil("idle"));
}

TEST_F(HttpServerTest, TellsWhenWhoReadsAStreamIsGone) {
  RawHttp http(Start());
  ASSERT_TRUE(http.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_EQ(http.ReadHead().status, 200);

  http.Close();

  EXPECT_TRUE(handler_.WaitForGone());
}

TEST_F(HttpServerTest, WhoDoesNotReadIsCutOff) {
  options_.write_timeout = absl::Milliseconds(300);
  RawHttp http(Start());
  ASSERT_TRUE(http.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto exchange = handler_.Kept();
  ASSERT_NE(exchange, nullptr);

  // More than the kernel takes for it.
  exchange->Write(
      std::make_shared<const std::string>(std::size_t{64} << 20, 'x'), nullptr);

  EXPECT_TRUE(handler_.WaitForGone());
}

TEST_F(HttpServerTest, WhatWasFinishedGoesOutWhole) {
  RawHttp http(Start());
  ASSERT_TRUE(http.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"));
  auto exchange = handler_.Kept();
  ASSERT_NE(exchange, nullptr);

  exchange->Write(
      std::make_shared<const std::string>(std::size_t{8} << 20, 'x'), nullptr);
  exchange->Write(EchoHandler::Piece("end"), nullptr);
  exchange->Finish();
  exchange.reset();

  const std::string body = http.Read().body;
  EXPECT_GT(body.size(), std::size_t{8} << 20);
  EXPECT_EQ(body.substr(body.size() - 3), "end");
}

TEST_F(HttpServerTest, AStreamThatIsLetGoEnds) {
  RawHttp http(Start());
  ASSERT_TRUE(http.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"));
  auto exchange = handler_.Kept();
  ASSERT_NE(exchange, nullptr);

  // More than the kernel takes: it is under way.
  exchange->Write(
      std::make_shared<const std::string>(std::size_t{64} << 20, 'x'), nullptr);
  exchange.reset();

  EXPECT_TRUE(handler_.WaitForGone());
}

TEST_F(HttpServerTest, DrainEndsStreamsAndWaitsForAnswers) {
  const int port = Start();
  RawHttp stream(port);
  RawHttp slow(port);
  RawHttp idle(port);
  ASSERT_TRUE(stream.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_EQ(stream.ReadHead().status, 200);
  ASSERT_NE(handler_.Kept(), nullptr);
  ASSERT_TRUE(slow.Send("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto kept = handler_.Kept();
  ASSERT_NE(kept, nullptr);

  server_->Drain(absl::Now() + absl::Milliseconds(200));
  EXPECT_TRUE(handler_.WaitForGone());
  EXPECT_TRUE(idle.WaitForClose());
  kept->Respond({200, {}, "at last"});

  EXPECT_EQ(slow.Read().body, "at last");
  EXPECT_TRUE(slow.WaitForClose());
  server_->Drain(absl::Now() + absl::Seconds(10));
}

TEST_F(HttpServerTest, AnswersThatComeAfterItsEndDoNothing) {
  RawHttp http(Start());
  ASSERT_TRUE(http.Send("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto kept = handler_.Kept();
  ASSERT_NE(kept, nullptr);

  server_.reset();
  kept->Respond({200, {}, "too late"});

  EXPECT_TRUE(http.WaitForClose());
}

TEST_F(HttpServerTest, SaysWhereItCannotListen) {
  options_.listen.port = static_cast<std::uint16_t>(Start());
  EchoHandler other;

  EXPECT_THAT(HttpServer::Start(options_, other).status().message(),
              HasSubstr(options_.listen.ToString()));
}

}  // namespace
}  // namespace airlock::gateway
