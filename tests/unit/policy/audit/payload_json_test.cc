#include "services/policy/audit/payload_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "airlock/v1/execution.pb.h"
#include "common/json/canonical_json.h"
#include "common/security/digest.h"

namespace airlock::policy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string PayloadOf(const google::protobuf::Message& message) {
  JsonWriter json;
  WritePayloadMessage(message, json);
  return std::move(json).Take();
}

std::string DigestOf(absl::string_view value) {
  return absl::StrCat(R"({"bytes":)", value.size(), R"(,"sha256":")",
                      ToHex(Sha256(value)), "\"}");
}

TEST(PayloadJsonTest, FieldsStandByTheirJsonNamesInOrder) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id("r1");
  request.mutable_timeout()->set_seconds(1);
  request.mutable_timeout()->set_nanos(500'000'000);
  auto& code = *request.mutable_action()->mutable_code_exec();
  code.set_language("python");
  code.set_code("print(\"\xC3\xA9\")\n");
  code.add_args("a");
  code.add_args("b");
  (*code.mutable_input()->mutable_env())["Z"] = "1";
  (*code.mutable_input()->mutable_env())["A"] = "2";
  code.mutable_input()->set_accepts_later_input(true);

  EXPECT_EQ(PayloadOf(request),
            "{\"requestId\":\"r1\",\"action\":{\"codeExec\":{\"language\":"
            "\"python\",\"code\":\"print(\\\"\xC3\xA9\\\")\\n\",\"args\":["
            "\"a\",\"b\"],\"input\":{\"env\":{\"A\":\"2\",\"Z\":\"1\"},"
            "\"acceptsLaterInput\":true}}},\"timeout\":\"1.5s\"}");
}

TEST(PayloadJsonTest, EnumsAndNumbersAreReadable) {
  airlock::v1::Outcome outcome;
  outcome.set_ended_by(airlock::v1::Outcome::ENDED_BY_EXITED);
  outcome.set_exit_code(0);
  outcome.add_limits_hit(airlock::v1::LIMIT_HIT_CPU_THROTTLED);
  outcome.mutable_usage()->set_peak_memory_bytes(~std::uint64_t{0});

  EXPECT_EQ(PayloadOf(outcome),
            R"({"endedBy":"exited","exitCode":0,"limitsHit":["cpu_throttled"],)"
            R"("usage":{"peakMemoryBytes":18446744073709551615}})");
}

TEST(PayloadJsonTest, BytesAreTextOnlyWhereTheyCanBePrinted) {
  airlock::v1::FileWrite write;

  write.set_content("line\n\tone");
  EXPECT_EQ(PayloadOf(write), R"({"content":{"text":"line\n\tone"}})");
  write.set_content("\x1B[2J");
  EXPECT_EQ(PayloadOf(write), R"({"content":{"base64":"G1sySg=="}})");
  write.set_content("\xFF");
  EXPECT_EQ(PayloadOf(write), R"({"content":{"base64":"/w=="}})");
}

TEST(PayloadJsonTest, ALongValueIsItsLengthAndDigest) {
  airlock::v1::Action action;
  auto& code = *action.mutable_code_exec();
  code.set_code(std::string(kMaxPayloadValueBytes, 'x'));
  EXPECT_THAT(PayloadOf(action), HasSubstr(code.code()));

  code.mutable_code()->push_back('y');
  code.mutable_input()->set_stdin(code.code());

  EXPECT_EQ(
      PayloadOf(action),
      absl::StrCat(R"({"codeExec":{"code":)", DigestOf(code.code()),
                   R"(,"input":{"stdin":)", DigestOf(code.code()), "}}}"));
}

TEST(PayloadJsonTest, ManyLongValuesDoNotMakeALongPayload) {
  airlock::v1::ProcessInput input;
  for (int i = 0; i < 128; ++i) {
    auto& file = *input.add_files();
    file.set_path(absl::StrCat("f", i));
    file.set_content(std::string(kMaxPayloadValueBytes, '\n'));
  }

  const std::string payload = PayloadOf(input);

  EXPECT_LT(payload.size(), 2 * kPayloadBudgetBytes);
  EXPECT_THAT(payload, HasSubstr(R"({"path":"f127","content":{"bytes":65536)"));
}

TEST(PayloadJsonTest, APayloadIsCanonicalJson) {
  airlock::v1::ExecuteRequest request;
  auto& command = *request.mutable_action()->mutable_system_command();
  command.set_shell(std::string("\0\x01\x7F\"\\/\n\xE2\x80\xAE", 10));
  request.mutable_limits()->set_memory_bytes(~std::uint64_t{0});

  const std::string payload = PayloadOf(request);

  EXPECT_EQ(CanonicalJson(payload), payload);
}

}  // namespace
}  // namespace airlock::policy
