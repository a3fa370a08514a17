#include "services/policy/engine/action_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/engine/sandbox_limits.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/engine/action_limits_fixture.h"

namespace airlock::policy {
namespace {

using testing::HasSubstr;

TEST_F(ActionLimitsTest, OrdinaryRequestsPass) {
  code().add_args("x");
  code().mutable_input()->set_stdin(std::string("\0\xff", 2));
  (*code().mutable_input()->mutable_env())["A_1"] = "b=c";
  code().mutable_input()->set_cwd("/workspace/sub");
  AddFile("sub/a.txt").set_mode(0755);
  AddFile("/workspace/sub/b").set_content(std::string("\0", 1));
  request_.set_request_id("6ba7b810-9dad.11d1_80b4");
  request_.mutable_timeout()->set_seconds(10);
  request_.mutable_limits()->set_memory_bytes(std::uint64_t{64} << 20);
  EXPECT_THAT(Validate(), IsOk());

  SetArgv({"echo", "", "Hello from sandbox"});
  EXPECT_THAT(Validate(), IsOk());

  command().set_shell("echo hi | cat");
  EXPECT_THAT(Validate(), IsOk());
}

TEST_F(ActionLimitsTest, NoActionIsRefused) {
  ExpectRefused("action", "exactly one kind");
  request_.mutable_action();
  ExpectRefused("action", "code_exec");
}

TEST_F(ActionLimitsTest, OtherKindsAreNotThereYet) {
  const std::vector<
      std::pair<std::string, std::function<void(airlock::v1::Action&)>>>
      kinds = {{"http_get", [](auto& action) { action.mutable_http_get(); }},
               {"http_post", [](auto& action) { action.mutable_http_post(); }}};
  for (const auto& [name, set] : kinds) {
    set(*request_.mutable_action());

    const absl::Status status = Validate();

    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnimplemented,
                                 HasSubstr("action." + name)));
    EXPECT_EQ(ErrorReason(status), "ACTION_NOT_IMPLEMENTED");
  }
}

TEST_F(ActionLimitsTest, RemoteLineMustSaySomething) {
  auto& remote = *request_.mutable_action()->mutable_ssh_exec();
  remote.set_command("uname -a");
  EXPECT_THAT(Validate(), IsOk());

  remote.set_command(" ");
  ExpectRefused("action.ssh_exec.command", "blank");
}

TEST_F(ActionLimitsTest, SessionHasAName) {
  SetArgv({"true"});
  request_.set_session("work.2_b-C");
  EXPECT_THAT(Validate(), IsOk());
  request_.set_session(std::string(64, 'x'));
  EXPECT_THAT(Validate(), IsOk());

  request_.set_session(std::string(65, 'x'));
  ExpectRefused("session", "1 to 64 characters");
  request_.set_session("a/b");
  ExpectRefused("session", "[A-Za-z0-9._-]");
}

TEST_F(ActionLimitsTest, InASessionOnlyTheOutputMayBeNarrowed) {
  SetArgv({"true"});
  request_.set_session("work");
  request_.mutable_limits()->set_output_bytes(1000);
  EXPECT_THAT(Validate(), IsOk());

  request_.mutable_limits()->set_memory_bytes(64 << 20);
  request_.mutable_limits()->set_cpu_millis(100);
  request_.mutable_limits()->set_pids(10);

  ExpectRefused("limits.memory_bytes", "must be unset with a session");
  ExpectRefused("limits.cpu_millis", "must be unset with a session");
  ExpectRefused("limits.pids", "must be unset with a session");
}

TEST_F(ActionLimitsTest, LaterInputMayBeAskedFor) {
  SetArgv({"cat"});
  command().mutable_input()->set_accepts_later_input(true);

  EXPECT_THAT(Validate(), IsOk());
}

TEST_F(ActionLimitsTest, EmptyCommandsAreRefused) {
  command();
  ExpectRefused("action.system_command", "argv or shell");
  command().mutable_argv();
  ExpectRefused("action.system_command.argv.args", "begin with a program");
  SetArgv({""});
  ExpectRefused("action.system_command.argv.args", "begin with a program");
  command().set_shell("");
  ExpectRefused("action.system_command.shell", "must not be blank");
  command().set_shell(" \n");
  ExpectRefused("action.system_command.shell", "must not be blank");
}

TEST_F(ActionLimitsTest, NulBytesAreRefused) {
  const std::string bad("a\0b", 3);
  SetArgv({"a", bad});
  ExpectRefused("action.system_command.argv.args[1]", "NUL bytes");
  command().set_shell(bad);
  ExpectRefused("action.system_command.shell", "NUL bytes");
  code().set_code(bad);
  ExpectRefused("action.code_exec.code", "NUL bytes");
  code().set_code("a");
  code().add_args(bad);
  ExpectRefused("action.code_exec.args[0]", "NUL bytes");
  code().clear_args();
  (*code().mutable_input()->mutable_env())["A"] = bad;
  ExpectRefused("action.code_exec.input.env[\"A\"]", "NUL bytes");
}

TEST_F(ActionLimitsTest, InvalidUtf8IsRefused) {
  SetArgv({"\xff"});
  ExpectRefused("action.system_command.argv.args[0]", "must be UTF-8");
  command().set_shell("a\xc0\xaf");
  ExpectRefused("action.system_command.shell", "from byte 1 on");
  code().set_code("\xed\xa0\x80");
  ExpectRefused("action.code_exec.code", "must be UTF-8");
}

TEST_F(ActionLimitsTest, CodeOfMoreThanOneMebibyteIsRefused) {
  code().set_code(std::string(kMaxCodeBytes, 'a'));
  EXPECT_THAT(Validate(), IsOk());
  code().set_code(std::string(10 * kMaxCodeBytes, 'a'));
  ExpectRefused("action.code_exec.code", "must be at most 1048576 bytes");
  code().set_code("");
  ExpectRefused("action.code_exec.code", "must not be empty");
}

TEST_F(ActionLimitsTest, UnknownLanguageNamesTheConfiguredOnes) {
  code().set_language("Python");
  ExpectRefused("action.code_exec.language",
                R"(("bash", "node", "python" or "sh"): got "Python")");
}

TEST_F(ActionLimitsTest, LongShellLinesAndArgumentsAreRefused) {
  command().set_shell(std::string(kMaxShellBytes + 1, 'a'));
  ExpectRefused("action.system_command.shell", "at most 131072 bytes");
  SetArgv({"a", std::string(kMaxArgBytes + 1, 'a')});
  ExpectRefused("action.system_command.argv.args[1]", "at most 131071 bytes");
  SetArgv(std::vector<std::string>(kMaxArgs + 1, "a"));
  ExpectRefused("action.system_command.argv.args", "at most 4096 arguments");
  SetArgv(std::vector<std::string>(9, std::string(kMaxArgBytes, 'a')));
  ExpectRefused("action.system_command.argv.args", "bytes together");
}

TEST_F(ActionLimitsTest, EverythingTogetherIsBounded) {
  code().mutable_input()->set_stdin(std::string(kMaxStdinBytes + 1, 'a'));
  ExpectRefused("action.code_exec.input.stdin", "at most 8388608 bytes");
  code().mutable_input()->set_stdin(std::string(kMaxStdinBytes, 'a'));
  AddFile("a").set_content(std::string(kMaxFilesBytes, 'a'));
  ExpectRefused("action", "16777216 bytes together");
}

TEST_F(ActionLimitsTest, TimeoutIsPositiveAndAtMostTheConfigured) {
  SetArgv({"ls"});
  const std::vector<std::pair<std::int64_t, std::int32_t>> bad = {
      {0, 0},
      {-1, 0},
      {0, -1},
      {10, 1},
      {11, 0},
      {1, 1000000000},
      {std::numeric_limits<std::int64_t>::max(), 0},
      {std::numeric_limits<std::int64_t>::min(), 0}};
  for (const auto& [seconds, nanos] : bad) {
    request_.mutable_timeout()->set_seconds(seconds);
    request_.mutable_timeout()->set_nanos(nanos);
    ExpectRefused("timeout", "at most the configured 10s");
  }
  request_.mutable_timeout()->set_seconds(0);
  request_.mutable_timeout()->set_nanos(1);
  EXPECT_THAT(Validate(), IsOk());
}

TEST_F(ActionLimitsTest, LimitsOnlyNarrow) {
  SetArgv({"ls"});
  request_.mutable_limits()->set_memory_bytes((std::uint64_t{128} << 20) + 1);
  request_.mutable_limits()->set_cpu_millis(501);
  request_.mutable_limits()->set_pids(65);
  request_.mutable_limits()->set_output_bytes((1U << 20) + 1);
  for (const char* field : {"limits.memory_bytes", "limits.cpu_millis",
                            "limits.pids", "limits.output_bytes"}) {
    ExpectRefused(field, "at most the configured");
  }
  request_.mutable_limits()->set_memory_bytes(1);
  ExpectRefused("limits.memory_bytes", "must be at least 16777216");
}

TEST_F(ActionLimitsTest, RequestIdHasAClosedForm) {
  SetArgv({"ls"});
  for (const std::string& bad :
       {std::string("a b"), std::string("a/b"), std::string(65, 'a'),
        std::string("a\n"), std::string("\xc3\xa4"), std::string("a\0", 2)}) {
    request_.set_request_id(bad);
    ExpectRefused("request_id", "1 to 64 characters");
  }
}

TEST_F(ActionLimitsTest, EveryFieldIsNamed) {
  code().set_language("x");
  code().set_code("");
  request_.set_request_id("!");
  ExpectRefused("request_id", "action.code_exec.language");
  ExpectRefused("action.code_exec.code", "");
}

TEST_F(ActionLimitsTest, ExplainChecksEveryKind) {
  const auto validate = [this](auto set) {
    airlock::v1::Action action;
    set(action);
    return ValidateAction(action, contract_->defaults());
  };

  EXPECT_THAT(validate([](auto& a) { a.mutable_file_read()->set_path("a"); }),
              IsOk());
  EXPECT_THAT(validate([](auto& a) { a.mutable_file_list(); }), IsOk());
  EXPECT_THAT(
      validate([](auto& a) { a.mutable_http_get()->set_url("http://a"); }),
      IsOk());
  EXPECT_THAT(validate([](auto&) {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(validate([](auto& a) { a.mutable_file_read(); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("action.file_read.path")));
  EXPECT_THAT(validate([](auto& a) { a.mutable_file_list()->set_path("/"); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("action.file_list.path")));
  EXPECT_THAT(validate([](auto& a) { a.mutable_file_write(); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("action.file_write.path")));
  EXPECT_THAT(validate([](auto& a) { a.mutable_file_delete(); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("action.file_delete.path")));
  EXPECT_THAT(validate([](auto& a) { a.mutable_http_get(); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("action.http_get.url")));
  EXPECT_THAT(validate([](auto& a) { a.mutable_http_post(); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("action.http_post.url")));
  EXPECT_THAT(validate([](auto& a) { a.mutable_ssh_exec(); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("action.ssh_exec.command")));
}

TEST_F(ActionLimitsTest, RequestNarrowsTheSandbox) {
  request_.mutable_timeout()->set_seconds(2);
  request_.mutable_limits()->set_memory_bytes(std::uint64_t{64} << 20);
  request_.mutable_limits()->set_pids(8);

  const SandboxSettings sandbox =
      NarrowSandbox(contract_->defaults().sandbox, request_.limits());

  EXPECT_EQ(EffectiveTimeout(request_, contract_->defaults()),
            absl::Seconds(2));
  EXPECT_EQ(sandbox.memory_bytes, std::uint64_t{64} << 20);
  EXPECT_EQ(sandbox.workspace_bytes, std::uint64_t{24} << 20);
  EXPECT_EQ(sandbox.tmp_bytes, std::uint64_t{8} << 20);
  EXPECT_EQ(sandbox.pids, 8U);
  EXPECT_EQ(sandbox.cpu_millis, 500U);
  EXPECT_EQ(sandbox.output_bytes, std::uint64_t{1} << 20);
}

TEST_F(ActionLimitsTest, RequestWithoutLimitsChangesNothing) {
  const SandboxSettings& configured = contract_->defaults().sandbox;

  const SandboxSettings sandbox =
      NarrowSandbox(contract_->defaults().sandbox, request_.limits());

  EXPECT_EQ(EffectiveTimeout(request_, contract_->defaults()),
            configured.timeout);
  EXPECT_EQ(sandbox.memory_bytes, configured.memory_bytes);
  EXPECT_EQ(sandbox.workspace_bytes, configured.workspace_bytes);
  EXPECT_EQ(sandbox.tmp_bytes, configured.tmp_bytes);
}

}  // namespace
}  // namespace airlock::policy
