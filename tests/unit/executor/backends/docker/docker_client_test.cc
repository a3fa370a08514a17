#include "services/executor/backends/docker/docker_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "services/executor/backends/docker/docker_containers.h"
#include "tests/support/fake_http_transport.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using testing::HasSubstr;

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

// An engine that speaks `version` and answers everything else with `answer`.
std::shared_ptr<FakeHttpTransport> Engine(const std::string& version,
                                          HttpResponse answer) {
  return std::make_shared<FakeHttpTransport>(
      [version, answer](const HttpRequest& request) -> HttpResponse {
        if (absl::EndsWith(request.url, "/_ping")) {
          return MakeHttpResponse(200, "OK", {{"Api-Version", version}});
        }
        return answer;
      });
}

DockerClient Client(std::shared_ptr<HttpTransport> transport) {
  return {std::move(transport),
          *ParseDockerEndpoint("unix:///run/docker.sock", false)};
}

TEST(DockerClientTest, SpeaksTheNewestVersionBothKnow) {
  for (const auto& [version, prefix] :
       {std::pair("1.41", "/v1.41/"), std::pair("1.44", "/v1.44/"),
        std::pair("1.90", "/v1.49/")}) {
    const auto transport = Engine(version, MakeHttpResponse(200, "{}"));
    DockerClient client = Client(transport);

    EXPECT_THAT(client.CallJson({.path = "/info"}, Soon()), IsOk());

    EXPECT_THAT(transport->requests().back().url, HasSubstr(prefix));
  }
}

TEST(DockerClientTest, EngineThatIsTooOldIsRefused) {
  for (const char* version : {"1.40", "", "2.0", "1.x"}) {
    DockerClient client = Client(Engine(version, MakeHttpResponse(200, "{}")));

    EXPECT_THAT(
        client.Ping(Soon()),
        StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1.41")));
  }
}

TEST(DockerClientTest, ErrorsKeepTheEnginesWords) {
  struct Case {
    int status;
    const char* body;
    absl::StatusCode code;
    const char* words;
  };
  const Case cases[] = {
      {404, R"({"message":"No such image: x"})", absl::StatusCode::kNotFound,
       "No such image: x"},
      {409, R"({"message":"is not running"})", absl::StatusCode::kAlreadyExists,
       "is not running"},
      {400, R"({"message":"bad"})", absl::StatusCode::kInvalidArgument, "bad"},
      {500, R"({"message":"boom"})", absl::StatusCode::kUnavailable, "boom"},
      {403, "plain text\n", absl::StatusCode::kPermissionDenied, "plain text"},
      {500, "", absl::StatusCode::kUnavailable, "HTTP status 500"},
      {503, R"({"message":7})", absl::StatusCode::kUnavailable, "message"},
      {302, "", absl::StatusCode::kInternal, "302"},
  };
  for (const Case& c : cases) {
    DockerClient client =
        Client(Engine("1.41", MakeHttpResponse(c.status, c.body)));

    const absl::Status status = client.Call({.path = "/x"}, Soon()).status();

    EXPECT_THAT(status, StatusIs(c.code, HasSubstr(c.words)));
    EXPECT_EQ(ErrorReason(status), "ENGINE_ERROR");
  }
}

TEST(DockerClientTest, ControlCharactersOfTheEngineAreEscaped) {
  DockerClient client =
      Client(Engine("1.41", MakeHttpResponse(500, "a\x1b[31mb\nc")));

  EXPECT_THAT(
      client.Call({.path = "/x"}, Soon()),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("a\\033[31mb\\nc")));
}

TEST(DockerClientTest, AnswerThatIsNoJsonIsAnError) {
  DockerClient client = Client(Engine("1.41", MakeHttpResponse(200, "{oops")));

  EXPECT_THAT(client.CallJson({.path = "/info"}, Soon()),
              StatusIs(absl::StatusCode::kInternal));
}

TEST(DockerClientTest, AnswerBeyondItsBoundIsAnError) {
  DockerClient client =
      Client(Engine("1.41", MakeHttpResponse(200, std::string(2000, 'x'))));

  EXPECT_THAT(client.Call({.path = "/info", .max_answer_bytes = 1000}, Soon()),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(DockerClientTest, QueriesAreEscaped) {
  const auto transport = Engine("1.41", MakeHttpResponse(200, "{}"));
  DockerClient client = Client(transport);

  ASSERT_THAT(
      client.Call({.path = "/x", .query = {{"q", "a&b=c /\"%"}}}, Soon()),
      IsOk());

  EXPECT_EQ(transport->requests().back().url,
            "http://docker/v1.41/x?q=a%26b%3dc%20%2f%22%25");
}

TEST(DockerClientTest, EndpointsAreUnixOrTcp) {
  EXPECT_EQ(ParseDockerEndpoint("unix:///a/b", false)->unix_socket_path,
            "/a/b");
  EXPECT_EQ(ParseDockerEndpoint("tcp://h:1", false)->base_url, "http://h:1");
  EXPECT_EQ(ParseDockerEndpoint("tcp://h:1", true)->base_url, "https://h:1");
  for (const char* endpoint :
       {"", "unix://", "unix://relative", "tcp://", "http://h", "/a/b",
        "tcp://h:1/path", "tcp://user@h:1"}) {
    EXPECT_THAT(ParseDockerEndpoint(endpoint, false),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(DockerClientTest, ContainerIdsCannotLeaveTheirPath) {
  const auto transport = Engine("1.41", MakeHttpResponse(200, "{}"));
  DockerClient client = Client(transport);
  DockerContainers containers(client);

  ASSERT_THAT(containers.Inspect("../images/x?a", Soon()), IsOk());

  EXPECT_EQ(transport->requests().back().url,
            "http://docker/v1.41/containers/..%2fimages%2fx%3fa/json");
}

TEST(DockerClientTest, RemovalIsDoneWhenNothingIsThere) {
  DockerClient client =
      Client(Engine("1.41", MakeHttpResponse(404, R"({"message":"No such"})")));
  DockerContainers containers(client);

  EXPECT_THAT(containers.Remove("x", Soon()), IsOk());
}

TEST(DockerClientTest, RemovalUnderWayIsWaitedFor) {
  int calls = 0;
  const auto transport = std::make_shared<FakeHttpTransport>(
      [&calls](const HttpRequest& request) -> HttpResponse {
        if (request.method == "GET") {
          return MakeHttpResponse(200, "OK", {{"Api-Version", "1.41"}});
        }
        ++calls;
        return MakeHttpResponse(calls < 3 ? 409 : 404, "in progress");
      });
  DockerClient client = Client(transport);
  DockerContainers containers(client);

  EXPECT_THAT(containers.Remove("x", Soon()), IsOk());
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace airlock::executor
