#include "services/executor/backends/docker/docker_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "tests/support/fake_http_transport.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using testing::HasSubstr;
using testing::Not;

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

// An engine whose images appear when they are pulled.
class DockerImagesTest : public testing::Test {
 protected:
  HttpResponse Answer(const HttpRequest& request) {
    if (absl::EndsWith(request.url, "/_ping")) {
      return MakeHttpResponse(200, "OK", {{"Api-Version", "1.41"}});
    }
    if (absl::StrContains(request.url, "/images/create")) {
      has_image_ = has_image_ || pull_status_ == 200;
      return MakeHttpResponse(pull_status_, pull_body_);
    }
    if (!has_image_) {
      return MakeHttpResponse(404, R"({"message":"No such image"})");
    }
    return MakeHttpResponse(
        200, R"({"Id":"sha256:1","Config":{"Volumes":{"/data":{}}}})");
  }

  HttpRequest LastPull() const {
    const std::vector<HttpRequest> requests = transport_->requests();
    for (const HttpRequest& request : requests) {
      if (absl::StrContains(request.url, "/images/create")) return request;
    }
    return {};
  }

  bool has_image_ = false;
  int pull_status_ = 200;
  std::string pull_body_;
  std::shared_ptr<FakeHttpTransport> transport_ =
      std::make_shared<FakeHttpTransport>(
          [this](const HttpRequest& request) { return Answer(request); });
  DockerClient client_{transport_,
                       *ParseDockerEndpoint("unix:///x.sock", false)};
  DockerImages images_{
      client_,
      {{"registry.example.com", {.username = "me", .password = "p?"}}}};
};

TEST_F(DockerImagesTest, ImageThatIsThereIsNotPulled) {
  has_image_ = true;

  const auto image = images_.Resolve("a:1", "missing", Soon(), nullptr);

  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->id, "sha256:1");
  EXPECT_THAT(image->volumes, testing::ElementsAre("/data"));
  EXPECT_EQ(LastPull().url, "");
}

TEST_F(DockerImagesTest, MissingImageIsPulledWithItsTag) {
  EXPECT_THAT(images_.Resolve("team/a", "missing", Soon(), nullptr), IsOk());

  // Without a tag the engine would pull all of them.
  EXPECT_THAT(LastPull().url, HasSubstr("fromImage=team%2fa&tag=latest"));
}

TEST_F(DockerImagesTest, AlwaysPullsEvenWhatIsThere) {
  has_image_ = true;

  EXPECT_THAT(images_.Resolve("a:1", "always", Soon(), nullptr), IsOk());

  EXPECT_THAT(LastPull().url, HasSubstr("fromImage=a&tag=1"));
}

TEST_F(DockerImagesTest, NeverDoesNotPull) {
  const auto image = images_.Resolve("a:1", "never", Soon(), nullptr);

  EXPECT_THAT(image, StatusIs(absl::StatusCode::kNotFound,
                              HasSubstr("image \"a:1\" is not there")));
  EXPECT_EQ(ErrorReason(image.status()), "IMAGE_NOT_FOUND");
  EXPECT_EQ(LastPull().url, "");
}

TEST_F(DockerImagesTest, ImageTheRegistryDoesNotHaveIsNotFound) {
  pull_status_ = 404;
  pull_body_ = R"({"message":"pull access denied for a"})";

  const auto image = images_.Resolve("a:1", "missing", Soon(), nullptr);

  EXPECT_THAT(image, StatusIs(absl::StatusCode::kNotFound,
                              HasSubstr("pull access denied for a")));
  EXPECT_EQ(ErrorReason(image.status()), "IMAGE_NOT_FOUND");
}

TEST_F(DockerImagesTest, RegistryThatDoesNotAnswerIsUnavailable) {
  pull_status_ = 500;
  pull_body_ = R"({"message":"dial tcp: no such host"})";

  EXPECT_THAT(
      images_.Resolve("a:1", "missing", Soon(), nullptr),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no such host")));
}

TEST_F(DockerImagesTest, ErrorInTheMiddleOfAPullIsAnError) {
  pull_body_ = R"({"status":"Pulling","id":"x"})"
               "\n"
               R"({"error":"unexpected EOF"})"
               "\n";

  EXPECT_THAT(
      images_.Resolve("a:1", "always", Soon(), nullptr),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("unexpected EOF")));
}

TEST_F(DockerImagesTest, ProgressAddsUpLayers) {
  pull_body_ =
      R"({"status":"Downloading","id":"a","progressDetail":{"current":1,"total":10}}
{"status":"Downloading","id":"b","progressDetail":{"current":5,"total":20}}
{"status":"Downloading","id":"a","progressDetail":{"current":10,"total":10}}
)";
  std::uint64_t done = 0;
  std::uint64_t all = 0;

  EXPECT_THAT(images_.Resolve("a:1", "always", Soon(),
                              [&](absl::string_view step, std::uint64_t current,
                                  std::uint64_t total) {
                                EXPECT_EQ(step, "pulling image");
                                done = current;
                                all = total;
                              }),
              IsOk());
  EXPECT_EQ(done, 15U);
  EXPECT_EQ(all, 30U);
}

TEST_F(DockerImagesTest, PullProgressThatIsNoJsonIsAnError) {
  pull_body_ = "<html>\n";

  EXPECT_THAT(images_.Resolve("a:1", "always", Soon(), nullptr),
              StatusIs(absl::StatusCode::kInternal));
}

TEST_F(DockerImagesTest, CredentialsGoOnlyToTheirRegistry) {
  EXPECT_THAT(images_.Pull("registry.example.com/a:1", Soon(), nullptr),
              IsOk());
  std::string auth;
  const HttpRequest pull = LastPull();
  for (const auto& [name, value] : pull.headers) {
    if (name == "X-Registry-Auth") auth = value;
  }
  std::string decoded;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(auth, &decoded));
  EXPECT_THAT(decoded, HasSubstr("\"password\":\"p?\""));

  EXPECT_THAT(images_.Pull("other.example.com/a:1", Soon(), nullptr), IsOk());
  const HttpRequest other = transport_->requests().back();
  for (const auto& [name, value] : other.headers) {
    EXPECT_NE(name, "X-Registry-Auth");
  }
}

}  // namespace
}  // namespace airlock::executor
