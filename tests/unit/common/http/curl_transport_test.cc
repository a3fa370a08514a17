#include "common/http/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_certs.h"
#include "tests/support/tls_proxy.h"
#include "tests/unit/common/http/scripted_server.h"

namespace airlock {
namespace {

using testing::HasSubstr;
using testing::Not;

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

std::string Ok(const std::string& body) {
  return absl::StrCat("HTTP/1.1 200 OK\r\nX-Who: me\r\nContent-Length: ",
                      body.size(), "\r\n\r\n", body);
}

HttpRequest Get(const std::string& path = "/x") {
  HttpRequest request;
  request.url = "http://server" + path;
  return request;
}

class CurlTransportTest : public testing::Test {
 protected:
  // A server that answers `answer` and a transport to it.
  CurlTransport& Serve(ScriptedServer::Answer answer) {
    server_ =
        std::make_unique<ScriptedServer>(folder_ / "s", std::move(answer));
    HttpEndpoint endpoint;
    endpoint.unix_socket_path = server_->path();
    transport_ = std::make_unique<CurlTransport>(endpoint);
    return *transport_;
  }

  TemporaryDirectory folder_;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<CurlTransport> transport_;
};

// Everything until `size` bytes or the end.
std::string ReceiveAll(UpgradedConnection& connection, std::size_t size) {
  std::string all;
  std::string buffer(10'000, '\0');
  while (all.size() < size) {
    const auto got = connection.Receive(buffer.data(), buffer.size());
    if (!got.ok() || (got->has_value() && **got == 0)) break;
    if (got->has_value()) {
      all.append(buffer, 0, **got);
      continue;
    }
    pollfd waited{.fd = connection.fd(), .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, 10'000) <= 0) break;
  }
  return all;
}

TEST_F(CurlTransportTest, MethodPathHeadersAndBodyArrive) {
  std::string seen;
  CurlTransport& transport = Serve([&seen](const std::string& request) {
    seen = request;
    return Ok("fine");
  });
  HttpRequest request = Get("/path?q=1");
  request.method = "PUT";
  request.headers = {{"X-Key", "value"}, {"X-Empty", ""}};
  request.body = std::string("a\0b", 3);

  const auto response = transport.Send(request, Soon());

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "fine");
  EXPECT_EQ(response->Header("x-who"), "me");
  EXPECT_THAT(seen, testing::StartsWith("PUT /path?q=1 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-Key: value\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-Empty:"));
  EXPECT_THAT(seen, testing::EndsWith(std::string("\r\n\r\na\0b", 7)));
}

TEST_F(CurlTransportTest, PostWithoutABodySaysSo) {
  std::string seen;
  CurlTransport& transport = Serve([&seen](const std::string& request) {
    seen = request;
    return Ok("");
  });
  HttpRequest request = Get();
  request.method = "POST";

  EXPECT_THAT(transport.Send(request, Soon()), IsOk());

  EXPECT_THAT(seen, HasSubstr("Content-Length: 0\r\n"));
}

TEST_F(CurlTransportTest, ConnectionsAreKept) {
  CurlTransport& transport =
      Serve([](const std::string& /*request*/) { return Ok("x"); });
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(transport.Send(Get(), Soon()), IsOk());
  }

  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(CurlTransportTest, ErrorsOfTheServerAreAnswers) {
  CurlTransport& transport = Serve([](const std::string& /*request*/) {
    return std::string(
        "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
  });
  HttpRequest request = Get();
  // The words of an error are not a part of the stream.
  request.on_body = [](absl::string_view /*piece*/) {
    return absl::InternalError("must not be called");
  };

  const auto response = transport.Send(request, Soon());

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "gone");
}

TEST_F(CurlTransportTest, BodyIsStreamedInPieces) {
  const std::string body(300'000, 'x');
  CurlTransport& transport =
      Serve([&body](const std::string& /*request*/) { return Ok(body); });
  std::size_t total = 0;
  HttpRequest request = Get();
  request.on_body = [&total](absl::string_view piece) {
    total += piece.size();
    return absl::OkStatus();
  };

  const auto response = transport.Send(request, Soon());

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(total, body.size());
  EXPECT_EQ(response->body, "");
}

TEST_F(CurlTransportTest, ErrorOfTheReaderEndsTheCall) {
  CurlTransport& transport =
      Serve([](const std::string& /*request*/) { return Ok("some"); });
  HttpRequest request = Get();
  request.on_body = [](absl::string_view /*piece*/) {
    return absl::DataLossError("not for me");
  };

  EXPECT_THAT(transport.Send(request, Soon()),
              StatusIs(absl::StatusCode::kDataLoss, "not for me"));
}

TEST_F(CurlTransportTest, AnswerBeyondItsBoundEndsTheCall) {
  CurlTransport& transport = Serve([](const std::string& /*request*/) {
    return Ok(std::string(2000, 'x'));
  });
  HttpRequest request = Get();
  request.max_answer_bytes = 1999;
  EXPECT_THAT(transport.Send(request, Soon()),
              StatusIs(absl::StatusCode::kResourceExhausted));

  request.max_answer_bytes = 2000;
  EXPECT_THAT(transport.Send(request, Soon()), IsOk());
}

TEST_F(CurlTransportTest, EndlessHeadersEndTheCall) {
  CurlTransport& transport = Serve([](const std::string& /*request*/) {
    std::string answer = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 2000; ++i) {
      absl::StrAppend(&answer, "X-Many: ", std::string(60, 'x'), "\r\n");
    }
    return answer + "Content-Length: 0\r\n\r\n";
  });

  EXPECT_THAT(transport.Send(Get(), Soon()),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(CurlTransportTest, SilentServerIsGivenUpAtTheDeadline) {
  CurlTransport& transport =
      Serve([](const std::string& /*request*/) { return std::string(); });
  const absl::Time deadline = absl::Now() + absl::Milliseconds(100);

  EXPECT_THAT(transport.Send(Get(), deadline),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(transport.Upgrade(Get(), absl::Now() + absl::Milliseconds(100)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_LT(absl::Now() - deadline, absl::Seconds(5));
}

TEST_F(CurlTransportTest, NothingIsSentAfterTheDeadline) {
  CurlTransport& transport =
      Serve([](const std::string& /*request*/) { return Ok(""); });

  EXPECT_THAT(transport.Send(Get(), absl::Now()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(CurlTransportTest, NobodyThereIsUnavailableAndSaysWhy) {
  HttpEndpoint endpoint;
  endpoint.unix_socket_path = folder_ / "nobody";
  CurlTransport transport(endpoint);

  EXPECT_THAT(transport.Send(Get(), Soon()),
              StatusIs(absl::StatusCode::kUnavailable,
                       testing::AllOf(HasSubstr(endpoint.unix_socket_path),
                                      HasSubstr("No such file"))));
  EXPECT_THAT(transport.Upgrade(Get(), Soon()),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CurlTransportTest, ErrorsDoNotTellThePath) {
  CurlTransport transport({});

  const auto response = transport.Send(
      [] {
        HttpRequest request;
        request.url = "http://127.0.0.1:1/bot-secret/x?token=secret";
        return request;
      }(),
      Soon());

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kUnavailable,
                                 testing::AllOf(HasSubstr("127.0.0.1:1"),
                                                Not(HasSubstr("secret")))));
}

TEST_F(CurlTransportTest, HeadersCannotSmuggleLines) {
  CurlTransport& transport =
      Serve([](const std::string& /*request*/) { return Ok(""); });
  HttpRequest request = Get();
  request.headers = {{"X-A", "b\r\nX-C: d"}};

  EXPECT_THAT(transport.Send(request, Soon()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(transport.Upgrade(request, Soon()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CurlTransportTest, OnlyHttpIsSpoken) {
  CurlTransport transport({});
  HttpRequest request;
  request.url = "file:///etc/passwd";

  EXPECT_THAT(transport.Send(request, Soon()),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CurlTransportTest, RedirectsAreAnswers) {
  CurlTransport& transport = Serve([](const std::string& /*request*/) {
    return std::string(
        "HTTP/1.1 302 Found\r\nLocation: http://server/other\r\n"
        "Content-Length: 0\r\n\r\n");
  });

  EXPECT_EQ(transport.Send(Get(), Soon())->status, 302);
}

constexpr char kSwitch[] =
    "HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nearly ";

TEST_F(CurlTransportTest, UpgradedConnectionIsARawStream) {
  CurlTransport& transport =
      Serve([](const std::string& /*request*/) { return kSwitch; });

  auto upgraded = transport.Upgrade(Get(), Soon());

  ASSERT_THAT(upgraded, IsOk());
  ASSERT_NE(upgraded->connection, nullptr);
  EXPECT_EQ(*upgraded->connection->Send("words"), 5U);
  EXPECT_EQ(ReceiveAll(*upgraded->connection, 11), "early words");
  // Nothing more is there, and nothing blocks.
  char buffer = 0;
  EXPECT_FALSE(upgraded->connection->Receive(&buffer, 1)->has_value());
}

TEST_F(CurlTransportTest, EndOfAnUpgradedConnectionIsSeen) {
  CurlTransport& transport =
      Serve([](const std::string& /*request*/) { return kSwitch; });
  auto upgraded = transport.Upgrade(Get(), Soon());
  ASSERT_THAT(upgraded, IsOk());

  server_.reset();

  EXPECT_EQ(ReceiveAll(*upgraded->connection, 1000), "early ");
  char buffer = 0;
  const auto end = upgraded->connection->Receive(&buffer, 1);
  EXPECT_TRUE(!end.ok() || **end == 0);
}

TEST_F(CurlTransportTest, RefusedUpgradeIsAnAnswer) {
  CurlTransport& transport = Serve([](const std::string& /*request*/) {
    return std::string(
        "HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\n\r\nbusy");
  });

  const auto upgraded = transport.Upgrade(Get(), Soon());

  ASSERT_THAT(upgraded, IsOk());
  EXPECT_EQ(upgraded->connection, nullptr);
  EXPECT_EQ(upgraded->response.status, 409);
  EXPECT_EQ(upgraded->response.body, "busy");
}

TEST_F(CurlTransportTest, EndWithoutAnAnswerToAnUpgradeIsUnavailable) {
  CurlTransport& transport = Serve([](const std::string& /*request*/) {
    return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n");
  });

  EXPECT_THAT(transport.Upgrade(Get(), Soon()),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CurlTransportTest, TlsCarriesCallsAndUpgrades) {
  Serve([](const std::string& request) {
    return request.find("GET /up") == 0 ? std::string(kSwitch) : Ok("safe");
  });
  TestCerts certs;
  const TlsProxy proxy(certs.Make("server", {}), server_->path());
  const TlsFiles files = certs.Make("client", {});
  HttpEndpoint endpoint;
  endpoint.ca_file = files.ca_path;
  endpoint.certificate_file = files.cert_path;
  endpoint.key_file = files.key_path;
  CurlTransport transport(endpoint);
  HttpRequest request;
  request.url = absl::StrCat("https://127.0.0.1:", proxy.port(), "/x");

  const auto response = transport.Send(request, Soon());
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->body, "safe");

  request.url = absl::StrCat("https://127.0.0.1:", proxy.port(), "/up");
  auto upgraded = transport.Upgrade(request, Soon());
  ASSERT_THAT(upgraded, IsOk());
  ASSERT_NE(upgraded->connection, nullptr);
  EXPECT_EQ(*upgraded->connection->Send("words"), 5U);
  EXPECT_EQ(ReceiveAll(*upgraded->connection, 11), "early words");
}

}  // namespace
}  // namespace airlock
