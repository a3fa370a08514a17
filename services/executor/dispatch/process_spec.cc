#include "services/executor/dispatch/process_spec.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/rpc/unknown_fields.h"
#include "common/security/digest.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/executor/dispatch/file_action.h"
#include "services/executor/sandbox/base_environment.h"

namespace airlock::executor {
namespace {

constexpr std::uint32_t kDefaultFileMode = 0644;

absl::Status Invalid(absl::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, "SPEC_INVALID", message);
}

// Adds what the process gets besides its argv. `base` may be extended.
void AddInput(const airlock::v1::ProcessInput& input, ProcessSpec& process) {
  process.stdin_data = input.stdin();
  process.accepts_later_input = input.accepts_later_input();
  process.cwd = input.cwd();
  for (const auto& [name, value] : input.env()) {
    // The last one of a name wins in every libc's getenv() only by luck, so
    // what the request sets replaces what the sandbox has.
    const std::string prefix = name + "=";
    std::erase_if(process.env, [&prefix](const std::string& entry) {
      return absl::StartsWith(entry, prefix);
    });
    process.env.push_back(prefix + value);
  }
  for (const airlock::v1::InlineFile& file : input.files()) {
    process.files.push_back(
        {.path = file.path(),
         .content = file.content(),
         .mode = file.mode() == 0 ? kDefaultFileMode : file.mode()});
  }
}

// Where in the workspace a file of the working directory is.
std::string PathInCwd(absl::string_view cwd, absl::string_view file_name) {
  absl::ConsumePrefix(&cwd, kWorkspace);
  absl::ConsumePrefix(&cwd, "/");
  absl::ConsumeSuffix(&cwd, "/");
  if (cwd.empty() || cwd == ".") return std::string(file_name);
  return absl::StrCat(cwd, "/", file_name);
}

absl::Status AddCode(const internal::v1::ExecutionSpec& spec,
                     const airlock::v1::CodeExec& code, ProcessSpec& process) {
  if (spec.interpreter().command().empty()) {
    return Invalid("interpreter.command must be set for code_exec: got none");
  }
  AddInput(code.input(), process);
  const std::string path = PathInCwd(
      process.cwd, absl::StrCat(".airlock-", spec.execution_id().substr(0, 8),
                                spec.interpreter().file_extension()));
  process.files.push_back({.path = path, .content = code.code()});
  const auto& command = spec.interpreter().command();
  process.argv.assign(command.begin(), command.end());
  process.argv.push_back(absl::StrCat(kWorkspace, "/", path));
  process.argv.insert(process.argv.end(), code.args().begin(),
                      code.args().end());
  return absl::OkStatus();
}

absl::Status AddCommand(const airlock::v1::SystemCommand& command,
                        ProcessSpec& process) {
  AddInput(command.input(), process);
  if (command.has_argv()) {
    const auto& args = command.argv().args();
    process.argv.assign(args.begin(), args.end());
  } else if (!command.shell().empty()) {
    process.argv = {"/bin/sh", "-c", command.shell()};
  }
  if (process.argv.empty() || process.argv.front().empty()) {
    return Invalid(
        "action.system_command must have an argv or a shell line: got none");
  }
  return absl::OkStatus();
}

absl::Status AddRemoteCommand(const airlock::v1::SshExec& remote,
                              ProcessSpec& process) {
  if (remote.command().empty()) {
    return Invalid("action.ssh_exec.command must be set: got none");
  }
  process.argv = {"/bin/sh", "-c", remote.command()};
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<internal::v1::ExecutionSpec> SpecFromJob(
    const internal::v1::Job& job) {
  const std::string digest =
      ToBytes(Sha256(absl::StrCat(kExecutionDomain, job.spec())));
  if (job.digest() != digest) {
    return MakeError(absl::StatusCode::kPermissionDenied, "DIGEST_MISMATCH",
                     "the job's spec is not the one its digest was made of");
  }
  internal::v1::ExecutionSpec spec;
  if (!spec.ParseFromString(job.spec())) {
    return Invalid("the job's spec cannot be read");
  }
  if (absl::Status status = RefuseUnknownFields(spec); !status.ok()) {
    return Invalid(status.message());
  }
  if (spec.execution_id() != job.execution_id()) {
    return Invalid(absl::StrCat("execution_id must be the job's, \"",
                                job.execution_id(), "\": got \"",
                                spec.execution_id(), "\""));
  }
  return spec;
}

absl::StatusOr<SandboxSpec> SandboxSpecFromProto(
    const internal::v1::SandboxSpec& proto) {
  FieldViolations violations;
  const auto require = [&violations](absl::string_view field, bool set) {
    if (!set) violations.Add(absl::StrCat("sandbox.", field), "must be set");
  };
  require("memory_bytes", proto.memory_bytes() > 0);
  require("cpu_millis", proto.cpu_millis() > 0);
  require("pids", proto.pids() > 0);
  require("workspace_bytes", proto.workspace_bytes() > 0);
  require("tmp_bytes", proto.tmp_bytes() > 0);
  require("inodes", proto.inodes() > 0);
  require("output_bytes", proto.output_bytes() > 0);
  require("network_mode", !proto.network_mode().empty());
  require("user", !proto.user().empty());
  if (!violations.empty()) return Invalid(violations.ToStatus().message());

  SandboxSpec spec;
  spec.image = proto.image();
  spec.image_id = proto.image_id();
  if (!proto.pull_policy().empty()) spec.pull_policy = proto.pull_policy();
  spec.memory_bytes = proto.memory_bytes();
  spec.cpu_millis = proto.cpu_millis();
  spec.pids = proto.pids();
  spec.workspace_bytes = proto.workspace_bytes();
  spec.tmp_bytes = proto.tmp_bytes();
  spec.inodes = proto.inodes();
  spec.network_mode = proto.network_mode();
  spec.user = proto.user();
  spec.runtime = proto.runtime();
  for (const internal::v1::Mount& mount : proto.mounts()) {
    spec.mounts.push_back({.source = mount.source(),
                           .target = mount.target(),
                           .writable = mount.writable()});
  }
  return spec;
}

absl::StatusOr<ProcessSpec> ProcessSpecFromExecution(
    const internal::v1::ExecutionSpec& spec) {
  if (spec.session_parallel() && spec.session().empty()) {
    return Invalid("session_parallel must be unset without a session");
  }
  ProcessSpec process;
  process.parallel = spec.session_parallel();
  process.timeout = FromProto(spec.timeout());
  if (process.timeout <= absl::ZeroDuration()) {
    return Invalid("timeout must be above 0");
  }
  process.output_limit_bytes = spec.sandbox().output_bytes();
  process.env = BaseEnvironment();
  absl::Status status;
  switch (spec.action().kind_case()) {
    case airlock::v1::Action::kCodeExec:
      status = AddCode(spec, spec.action().code_exec(), process);
      break;
    case airlock::v1::Action::kSystemCommand:
      status = AddCommand(spec.action().system_command(), process);
      break;
    case airlock::v1::Action::kSshExec:
      if (spec.sandbox().backend() != "ssh") {
        return Invalid(
            absl::StrCat("sandbox.backend must be \"ssh\" for "
                         "ssh_exec: got \"",
                         spec.sandbox().backend(), "\""));
      }
      status = AddRemoteCommand(spec.action().ssh_exec(), process);
      break;
    case airlock::v1::Action::kFileRead:
    case airlock::v1::Action::kFileList:
    case airlock::v1::Action::kFileWrite:
    case airlock::v1::Action::kFileDelete:
      status = AddFileAction(spec, process);
      break;
    default:
      return MakeError(absl::StatusCode::kUnimplemented, "ACTION_UNSUPPORTED",
                       "this executor runs code_exec, system_command, ssh_exec "
                       "and file actions only");
  }
  if (!status.ok()) return status;
  return process;
}

}  // namespace airlock::executor
