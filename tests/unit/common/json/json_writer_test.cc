#include "common/json/json_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace airlock {
namespace {

std::string Quoted(absl::string_view text) {
  std::string json;
  AppendJsonText(text, json);
  return json;
}

TEST(JsonTextTest, OnlyWhatJsonDemandsIsEscaped) {
  EXPECT_EQ(Quoted("a/b \xC3\xA9 \x7F"), "\"a/b \xC3\xA9 \x7F\"");
  EXPECT_EQ(Quoted("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(Quoted(absl::string_view("\0\x1F", 2)), R"("\u0000\u001f")");
}

TEST(JsonTextTest, WhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(Quoted("a\xFF\"b\xC3"), "\"a\xEF\xBF\xBD\\\"b\xEF\xBF\xBD\"");
}

TEST(JsonWriterTest, CommasStandBetweenValuesOnly) {
  JsonWriter json;
  json.BeginObject();
  json.Text("a", "x");
  json.Key("b");
  json.BeginArray();
  json.BeginObject();
  json.EndObject();
  json.Null();
  json.Bool(true);
  json.EndArray();
  json.Bool("c", false);
  json.EndObject();

  EXPECT_EQ(json.json(), R"({"a":"x","b":[{},null,true],"c":false})");
}

TEST(JsonWriterTest, NumbersKeepTheirWholeRange) {
  JsonWriter json;
  json.BeginArray();
  json.Integer(std::numeric_limits<std::int64_t>::min());
  json.Unsigned(std::numeric_limits<std::uint64_t>::max());
  json.EndArray();

  EXPECT_EQ(json.json(), "[-9223372036854775808,18446744073709551615]");
}

}  // namespace
}  // namespace airlock
