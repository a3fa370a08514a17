#include "services/executor/backends/docker/image_reference.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

TEST(ImageReferenceTest, PartsAreTakenApart) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  struct Case {
    std::string text;
    const char* registry;
    const char* name;
    const char* tag;
    std::string digest;
  };
  const Case cases[] = {
      {"busybox", "docker.io", "busybox", "latest", ""},
      {"busybox:1.36", "docker.io", "busybox", "1.36", ""},
      {"team/app:v1", "docker.io", "team/app", "v1", ""},
      {"localhost/app", "localhost", "localhost/app", "latest", ""},
      {"host:5000/app", "host:5000", "host:5000/app", "latest", ""},
      {"r.example.com/a/b:1", "r.example.com", "r.example.com/a/b", "1", ""},
      {"app@" + digest, "docker.io", "app", "", digest},
      {"app:1@" + digest, "docker.io", "app", "1", digest},
  };
  for (const Case& c : cases) {
    const auto reference = ParseImageReference(c.text);

    ASSERT_THAT(reference, IsOk());
    EXPECT_EQ(reference->registry, c.registry) << c.text;
    EXPECT_EQ(reference->name, c.name) << c.text;
    EXPECT_EQ(reference->tag, c.tag) << c.text;
    EXPECT_EQ(reference->digest, c.digest) << c.text;
  }
}

TEST(ImageReferenceTest, NonsenseIsRefused) {
  for (const std::string& text :
       {std::string(), std::string(":1"), std::string("a:"),
        std::string("a@sha256:1"), std::string("a@md5:x"), std::string("/a"),
        std::string("a/"), std::string("a//b"), std::string("../a"),
        std::string("-a"), std::string("a b"), std::string("a?x=1"),
        std::string("a&tag=2"), std::string("a\nb"), std::string("a\0b", 3),
        std::string(600, 'a'), "a:" + std::string(129, 't')}) {
    EXPECT_THAT(ParseImageReference(text),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

}  // namespace
}  // namespace airlock::executor
