#include "services/policy/dispatch/spec_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/security/digest.h"
#include "common/time/proto_time.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "services/policy/engine/sandbox_limits.h"

namespace airlock::policy {
namespace {

using airlock::v1::ExecuteRequest;

// The terminating NUL is part of the prefix.
constexpr absl::string_view kSpecDomain("airlock.execution.v1\0", 21);

// The same for equal messages: maps have no order of their own.
std::string HashOf(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return ToBytes(Sha256(bytes));
}

}  // namespace

airlock::internal::v1::SandboxSpec FreezeSandbox(
    const SandboxSettings& settings, absl::string_view image_id) {
  airlock::internal::v1::SandboxSpec spec;
  spec.set_backend(settings.backend);
  spec.set_image(settings.image);
  // "always" may bring another image than the one an executor has now.
  if (settings.pull_policy != "always") {
    spec.set_image_id(std::string(image_id));
  }
  spec.set_memory_bytes(settings.memory_bytes);
  spec.set_cpu_millis(settings.cpu_millis);
  spec.set_pids(settings.pids);
  spec.set_workspace_bytes(settings.workspace_bytes);
  spec.set_tmp_bytes(settings.tmp_bytes);
  spec.set_inodes(settings.inodes);
  spec.set_output_bytes(settings.output_bytes);
  spec.set_network_mode(settings.network_mode);
  spec.set_user(settings.user);
  spec.set_runtime(settings.runtime);
  spec.set_pull_policy(settings.pull_policy);
  for (const MountSettings& mount : settings.mounts) {
    airlock::internal::v1::Mount& frozen = *spec.add_mounts();
    frozen.set_source(mount.source);
    frozen.set_target(mount.target);
    frozen.set_writable(mount.writable);
  }
  return spec;
}

FrozenSpec FreezeSpec(absl::string_view execution_id, absl::string_view agent,
                      const ExecuteRequest& request,
                      const AgentContract& contract,
                      airlock::internal::v1::SandboxSpec sandbox,
                      const Session* session) {
  airlock::internal::v1::ExecutionSpec spec;
  spec.set_execution_id(std::string(execution_id));
  spec.set_agent(std::string(agent));
  *spec.mutable_action() = request.action();
  if (request.action().has_code_exec()) {
    const LanguageSettings& language =
        contract.sandbox.languages.at(request.action().code_exec().language());
    for (const std::string& word : language.command) {
      spec.mutable_interpreter()->add_command(word);
    }
    spec.mutable_interpreter()->set_file_extension(language.extension);
  }
  *spec.mutable_sandbox() = std::move(sandbox);
  const std::uint64_t output = request.limits().output_bytes();
  if (output != 0 && output < spec.sandbox().output_bytes()) {
    spec.mutable_sandbox()->set_output_bytes(output);
  }
  *spec.mutable_timeout() = ToProto(EffectiveTimeout(request, contract));
  if (session != nullptr) {
    spec.set_session(session->id());
    spec.set_session_generation(session->record.generation());
    spec.set_session_parallel(session->record.parallel());
  }
  FrozenSpec frozen;
  frozen.bytes = spec.SerializeAsString();
  frozen.digest = SpecDigest(frozen.bytes);
  return frozen;
}

std::string SpecDigest(absl::string_view spec) {
  return ToBytes(Sha256(absl::StrCat(kSpecDomain, spec)));
}

std::string ActionHash(const std::string& spec) {
  airlock::internal::v1::ExecutionSpec unnamed;
  unnamed.ParseFromString(spec);
  unnamed.clear_execution_id();
  unnamed.clear_session_generation();
  return HashOf(unnamed);
}

std::string HashRequest(const ExecuteRequest& request) {
  ExecuteRequest unnamed = request;
  unnamed.clear_request_id();
  return HashOf(unnamed);
}

}  // namespace airlock::policy
