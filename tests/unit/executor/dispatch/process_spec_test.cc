#include "services/executor/dispatch/process_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/executor/sandbox/base_environment.h"
#include "tests/support/job_messages.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

internal::v1::ExecutionSpec PythonSpec() {
  internal::v1::ExecutionSpec spec = MakeCommandSpec("abcdefghijkl", {});
  spec.mutable_interpreter()->add_command("python3");
  spec.mutable_interpreter()->add_command("-I");
  spec.mutable_interpreter()->set_file_extension(".py");
  auto* code = spec.mutable_action()->mutable_code_exec();
  code->set_language("python");
  code->set_code("print(1)");
  code->add_args("--flag");
  return spec;
}

TEST(ProcessSpecTest, CodeBecomesAFileAfterTheInterpreter) {
  const auto process = ProcessSpecFromExecution(PythonSpec());

  ASSERT_THAT(process, IsOk());
  EXPECT_THAT(process->argv,
              ElementsAre("python3", "-I", "/workspace/.airlock-abcdefgh.py",
                          "--flag"));
  ASSERT_EQ(process->files.size(), 1U);
  EXPECT_EQ(process->files[0].path, ".airlock-abcdefgh.py");
  EXPECT_EQ(process->files[0].content, "print(1)");
}

TEST(ProcessSpecTest, CodeLiesInTheWorkingDirectory) {
  for (const char* cwd : {"sub/dir", "/workspace/sub/dir", "sub/dir/"}) {
    internal::v1::ExecutionSpec spec = PythonSpec();
    spec.mutable_action()->mutable_code_exec()->mutable_input()->set_cwd(cwd);

    const auto process = ProcessSpecFromExecution(spec);

    ASSERT_THAT(process, IsOk());
    EXPECT_EQ(process->files[0].path, "sub/dir/.airlock-abcdefgh.py") << cwd;
    EXPECT_EQ(process->argv[2], "/workspace/sub/dir/.airlock-abcdefgh.py");
    EXPECT_EQ(process->cwd, cwd);
  }
}

TEST(ProcessSpecTest, WorkspaceItselfAsWorkingDirectoryAddsNothing) {
  for (const char* cwd : {"", ".", "/workspace", "/workspace/"}) {
    internal::v1::ExecutionSpec spec = PythonSpec();
    spec.mutable_action()->mutable_code_exec()->mutable_input()->set_cwd(cwd);

    EXPECT_EQ(ProcessSpecFromExecution(spec)->files[0].path,
              ".airlock-abcdefgh.py")
        << cwd;
  }
}

TEST(ProcessSpecTest, ArgvIsTakenAsItIs) {
  const auto process = ProcessSpecFromExecution(
      MakeCommandSpec("e1", {"echo", "$HOME; rm -rf /", ""}));

  ASSERT_THAT(process, IsOk());
  EXPECT_THAT(process->argv, ElementsAre("echo", "$HOME; rm -rf /", ""));
}

TEST(ProcessSpecTest, ShellLineGoesToTheShell) {
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {});
  spec.mutable_action()->mutable_system_command()->set_shell("echo hi | cat");

  const auto process = ProcessSpecFromExecution(spec);

  ASSERT_THAT(process, IsOk());
  EXPECT_THAT(process->argv, ElementsAre("/bin/sh", "-c", "echo hi | cat"));
}

internal::v1::ExecutionSpec RemoteSpec(const std::string& line) {
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {});
  spec.mutable_sandbox()->set_backend("ssh");
  spec.mutable_sandbox()->clear_image();
  spec.mutable_action()->mutable_ssh_exec()->set_command(line);
  return spec;
}

TEST(ProcessSpecTest, RemoteLineGoesToTheShellOfTheHost) {
  const auto process = ProcessSpecFromExecution(RemoteSpec("uname -a | cat"));

  ASSERT_THAT(process, IsOk());
  EXPECT_THAT(process->argv, ElementsAre("/bin/sh", "-c", "uname -a | cat"));
  EXPECT_EQ(process->env, BaseEnvironment());
  EXPECT_EQ(process->stdin_data, "");
  EXPECT_EQ(ErrorReason(ProcessSpecFromExecution(RemoteSpec("")).status()),
            "SPEC_INVALID");
}

TEST(ProcessSpecTest, RemoteLineNeverRunsInAnEngine) {
  internal::v1::ExecutionSpec spec = RemoteSpec("true");
  spec.mutable_sandbox()->set_backend("docker");

  EXPECT_THAT(ProcessSpecFromExecution(spec),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("must be \"ssh\"")));
}

TEST(ProcessSpecTest, InputAndLimitsArePassedOn) {
  internal::v1::ExecutionSpec spec =
      MakeCommandSpec("e1", {"cat"}, absl::Seconds(7));
  auto* input =
      spec.mutable_action()->mutable_system_command()->mutable_input();
  input->set_stdin(std::string("a\0b", 3));
  (*input->mutable_env())["NAME"] = "value";
  auto* file = input->add_files();
  file->set_path("data.txt");
  file->set_content("content");
  file->set_mode(0600);
  input->add_files()->set_path("empty");

  const auto process = ProcessSpecFromExecution(spec);

  ASSERT_THAT(process, IsOk());
  EXPECT_EQ(process->stdin_data, std::string("a\0b", 3));
  EXPECT_THAT(process->env, Contains("NAME=value"));
  EXPECT_EQ(process->timeout, absl::Seconds(7));
  EXPECT_EQ(process->output_limit_bytes, std::uint64_t{64} << 20);
  ASSERT_EQ(process->files.size(), 2U);
  EXPECT_EQ(process->files[0].mode, 0600U);
  EXPECT_EQ(process->files[1].mode, 0644U);
}

TEST(ProcessSpecTest, EnvironmentIsBuiltFromNothing) {
  setenv("AIRLOCK_TEST_SECRET", "secret", 1);

  const auto process = ProcessSpecFromExecution(MakeCommandSpec("e1", {"env"}));

  ASSERT_THAT(process, IsOk());
  EXPECT_EQ(process->env, BaseEnvironment());
  EXPECT_THAT(process->env, Contains("HOME=/workspace"));
  EXPECT_THAT(process->env, Not(Contains(HasSubstr("AIRLOCK_TEST_SECRET"))));
}

TEST(ProcessSpecTest, RequestReplacesAVariableOfTheSandbox) {
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {"env"});
  auto& env = *spec.mutable_action()
                   ->mutable_system_command()
                   ->mutable_input()
                   ->mutable_env();
  env["HOME"] = "/tmp";

  const auto process = ProcessSpecFromExecution(spec);

  ASSERT_THAT(process, IsOk());
  EXPECT_THAT(process->env, Contains("HOME=/tmp"));
  EXPECT_THAT(process->env, Contains(StartsWith("HOME=")).Times(1));
}

TEST(ProcessSpecTest, OtherActionsAreNotRun) {
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {});
  spec.mutable_action()->mutable_http_get()->set_url("http://x");
  EXPECT_EQ(ErrorReason(ProcessSpecFromExecution(spec).status()),
            "ACTION_UNSUPPORTED");

  spec.clear_action();
  EXPECT_EQ(ErrorReason(ProcessSpecFromExecution(spec).status()),
            "ACTION_UNSUPPORTED");
}

TEST(ProcessSpecTest, EmptyCommandsAreNotRun) {
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {""});
  EXPECT_EQ(ErrorReason(ProcessSpecFromExecution(spec).status()),
            "SPEC_INVALID");

  spec.mutable_action()->mutable_system_command()->set_shell("");
  EXPECT_EQ(ErrorReason(ProcessSpecFromExecution(spec).status()),
            "SPEC_INVALID");
}

TEST(ProcessSpecTest, CodeWithoutInterpreterIsNotRun) {
  internal::v1::ExecutionSpec spec = PythonSpec();
  spec.clear_interpreter();

  EXPECT_EQ(ErrorReason(ProcessSpecFromExecution(spec).status()),
            "SPEC_INVALID");
}

TEST(ProcessSpecTest, WithoutTimeoutNothingIsRun) {
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {"echo"});
  spec.clear_timeout();

  EXPECT_EQ(ErrorReason(ProcessSpecFromExecution(spec).status()),
            "SPEC_INVALID");
}

TEST(ProcessSpecTest, ProcessIsParallelAsItsSessionIs) {
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {"echo"});
  spec.set_session("s1");
  EXPECT_FALSE(ProcessSpecFromExecution(spec)->parallel);

  spec.set_session_parallel(true);

  EXPECT_TRUE(ProcessSpecFromExecution(spec)->parallel);
}

TEST(ProcessSpecTest, NothingIsParallelWithoutASession) {
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {"echo"});
  spec.set_session_parallel(true);

  EXPECT_EQ(ErrorReason(ProcessSpecFromExecution(spec).status()),
            "SPEC_INVALID");
}

TEST(SandboxSpecTest, EveryFieldIsPassedOn) {
  internal::v1::SandboxSpec proto = MakeCommandSpec("e1", {"x"}).sandbox();
  proto.set_image_id("sha256:1");
  proto.set_runtime("runsc");
  auto* mount = proto.add_mounts();
  mount->set_source("/data");
  mount->set_target("/mnt");
  mount->set_writable(true);

  const auto spec = SandboxSpecFromProto(proto);

  ASSERT_THAT(spec, IsOk());
  EXPECT_EQ(spec->image, "airlock/sandbox:latest");
  EXPECT_EQ(spec->image_id, "sha256:1");
  EXPECT_EQ(spec->memory_bytes, std::uint64_t{512} << 20);
  EXPECT_EQ(spec->cpu_millis, 1000U);
  EXPECT_EQ(spec->pids, 128U);
  EXPECT_EQ(spec->workspace_bytes, std::uint64_t{192} << 20);
  EXPECT_EQ(spec->tmp_bytes, std::uint64_t{64} << 20);
  EXPECT_EQ(spec->inodes, 65536U);
  EXPECT_EQ(spec->network_mode, "none");
  EXPECT_EQ(spec->user, "65534:65534");
  EXPECT_EQ(spec->runtime, "runsc");
  ASSERT_EQ(spec->mounts.size(), 1U);
  EXPECT_TRUE(spec->mounts[0].writable);
}

TEST(SandboxSpecTest, WhetherThereMustBeAnImageIsForTheBackendToSay) {
  EXPECT_THAT(SandboxSpecFromProto(RemoteSpec("true").sandbox()), IsOk());
}

TEST(SandboxSpecTest, MissingLimitIsNotUnlimited) {
  internal::v1::SandboxSpec proto = MakeCommandSpec("e1", {"x"}).sandbox();
  proto.set_memory_bytes(0);
  proto.set_output_bytes(0);

  EXPECT_THAT(SandboxSpecFromProto(proto),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::AllOf(HasSubstr("sandbox.memory_bytes"),
                                      HasSubstr("sandbox.output_bytes"))));
}

TEST(SpecFromJobTest, TrueDigestIsAccepted) {
  const auto spec = SpecFromJob(MakeJob(MakeCommandSpec("e1", {"echo"})));

  ASSERT_THAT(spec, IsOk());
  EXPECT_EQ(spec->execution_id(), "e1");
}

TEST(SpecFromJobTest, BytesThatAreNoSpecAreRefused) {
  internal::v1::Job job = MakeJob(MakeCommandSpec("e1", {"echo"}));
  job.set_digest("");
  EXPECT_EQ(ErrorReason(SpecFromJob(job).status()), "DIGEST_MISMATCH");
}

}  // namespace
}  // namespace airlock::executor
