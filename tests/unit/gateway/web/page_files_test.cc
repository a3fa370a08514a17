#include "services/gateway/web/page_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace airlock::gateway {
namespace {

using testing::HasSubstr;

HttpResponse Get(const std::string& path, const std::string& etag = "") {
  HttpRequest request;
  request.method = "GET";
  request.path = path;
  if (!etag.empty()) request.headers["if-none-match"] = etag;
  return AnswerWithPage(request);
}

std::string HeaderOf(const HttpResponse& response, const std::string& name) {
  return std::map<std::string, std::string>(response.headers.begin(),
                                            response.headers.end())[name];
}

TEST(PageFilesTest, EveryViewIsThePage) {
  for (const char* path : {"/", "/approvals", "/a/01abc", "/executions/x",
                           "/overview", "/audit/17", "/policy"}) {
    const HttpResponse response = Get(path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_THAT(response.body, HasSubstr("<!doctype html>")) << path;
    EXPECT_EQ(HeaderOf(response, "Content-Type"), "text/html; charset=utf-8");
  }
}

TEST(PageFilesTest, NothingElseIsThere) {
  for (const char* path :
       {"/page/", "/page/../CMakeLists.txt", "/page/nothing.js", "/etc/passwd",
        "//", "/..", "/page//etc/passwd", "/nothing"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
}

TEST(PageFilesTest, WhatTheBrowserHasIsNotSentAgain) {
  const HttpResponse first = Get("/page/index.html");
  const std::string etag = HeaderOf(first, "ETag");
  ASSERT_FALSE(etag.empty());

  const HttpResponse again = Get("/page/index.html", etag);

  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(Get("/page/index.html", "\"other\"").status, 200);
}

}  // namespace
}  // namespace airlock::gateway
