#include "services/policy/approval/action_parts.h"

#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/config/values.h"
#include "common/time/proto_time.h"
#include "services/policy/engine/action_facts.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ExecutionSpec;
using airlock::internal::v1::Mount;
using airlock::internal::v1::SandboxSpec;
using airlock::v1::Action;
using airlock::v1::FileWrite;
using airlock::v1::InlineFile;
using airlock::v1::ProcessInput;
using airlock::v1::SystemCommand;

using Words = google::protobuf::RepeatedPtrField<std::string>;

std::string Quoted(const Words& words) {
  return RenderQuoted({words.begin(), words.end()});
}

// Collects parts; what is empty or zero is left out.
class Parts {
 public:
  void Text(absl::string_view name, absl::string_view text) {
    if (!text.empty()) Add(name, text, /*block=*/false);
  }
  void Block(absl::string_view name, absl::string_view text,
             absl::string_view language = "") {
    if (text.empty()) return;
    Add(name, text, /*block=*/true);
    parts_.back().language = std::string(language);
  }
  // An argv: on several lines only if its arguments have some.
  void Args(absl::string_view name, const Words& words) {
    const std::string text = Quoted(words);
    if (!words.empty()) Add(name, text, absl::StrContains(text, '\n'));
  }
  void Number(absl::string_view name, std::uint64_t number) {
    if (number != 0) Add(name, absl::StrCat(number), /*block=*/false);
  }
  void Bytes(absl::string_view name, std::uint64_t bytes) {
    if (bytes != 0) Add(name, FormatByteSize(bytes), /*block=*/false);
  }
  void Mode(absl::string_view name, std::uint32_t mode) {
    if (mode != 0) Add(name, absl::StrFormat("%04o", mode), /*block=*/false);
  }
  void Flag(absl::string_view name, bool flag, absl::string_view meaning) {
    if (flag) Text(name, meaning);
  }
  // Also where it is empty: an empty file is a file.
  void Add(absl::string_view name, absl::string_view text, bool block) {
    parts_.push_back({std::string(name), std::string(text), block, ""});
  }

  std::vector<ActionPart> Take() { return std::move(parts_); }

 private:
  std::vector<ActionPart> parts_;
};

void AddInput(const ProcessInput& input, Parts& parts) {
  parts.Text("working directory", input.cwd());
  parts.Block("standard input", input.stdin());
  parts.Flag("later input", input.accepts_later_input(),
             "accepted: standard input may go on with what nobody has seen");
  // A map has no order of its own.
  const std::map<std::string, std::string> env(input.env().begin(),
                                               input.env().end());
  for (const auto& [name, value] : env) {
    parts.Text("environment", absl::StrCat(name, "=", value));
  }
  int number = 0;
  for (const InlineFile& file : input.files()) {
    const std::string name = absl::StrCat("file ", ++number);
    parts.Add(name, file.path(), /*block=*/false);
    parts.Mode(absl::StrCat(name, " mode"), file.mode());
    parts.Add(absl::StrCat(name, " content"), file.content(), /*block=*/true);
  }
}

void AddCodeExec(const airlock::v1::CodeExec& code, Parts& parts) {
  parts.Text("language", code.language());
  parts.Block("code", code.code(), code.language());
  parts.Args("arguments", code.args());
  AddInput(code.input(), parts);
}

void AddSystemCommand(const SystemCommand& command, Parts& parts) {
  parts.Args("command", command.argv().args());
  parts.Block("shell command", command.shell(), "sh");
  AddInput(command.input(), parts);
}

std::string ExistingText(FileWrite::Existing existing) {
  switch (existing) {
    case FileWrite::EXISTING_UNSPECIFIED:
    case FileWrite::EXISTING_OVERWRITE:
      return "is replaced";
    case FileWrite::EXISTING_REFUSE:
      return "is an error";
    case FileWrite::EXISTING_APPEND:
      return "is added to";
    default:
      return absl::StrCat("unknown: ", static_cast<int>(existing));
  }
}

void AddFileWrite(const FileWrite& write, Parts& parts) {
  parts.Add("path", write.path(), /*block=*/false);
  parts.Add("content", write.content(), /*block=*/true);
  parts.Mode("mode", write.mode());
  parts.Text("existing file", ExistingText(write.existing()));
}

void AddAction(const Action& action, Parts& parts) {
  switch (action.kind_case()) {
    case Action::kCodeExec:
      return AddCodeExec(action.code_exec(), parts);
    case Action::kSystemCommand:
      return AddSystemCommand(action.system_command(), parts);
    case Action::kFileRead:
      parts.Add("path", action.file_read().path(), /*block=*/false);
      parts.Number("from byte", action.file_read().offset());
      return parts.Number("at most bytes", action.file_read().limit());
    case Action::kFileList:
      return parts.Add("path", action.file_list().path(), /*block=*/false);
    case Action::kFileWrite:
      return AddFileWrite(action.file_write(), parts);
    case Action::kFileDelete:
      parts.Add("path", action.file_delete().path(), /*block=*/false);
      return parts.Flag("recursive", action.file_delete().recursive(),
                        "deletes a directory with all that is in it");
    case Action::kHttpGet:
      return parts.Add("url", action.http_get().url(), /*block=*/false);
    case Action::kHttpPost:
      parts.Add("url", action.http_post().url(), /*block=*/false);
      parts.Text("content type", action.http_post().content_type());
      return parts.Block("body", action.http_post().body());
    case Action::kSshExec:
      return parts.Block("remote command", action.ssh_exec().command(), "sh");
    case Action::KIND_NOT_SET:
      return;
  }
}

void AddSession(const ExecutionSpec& spec, Parts& parts) {
  parts.Add(
      "session",
      spec.session().empty() ? "none: a sandbox of its own" : spec.session(),
      /*block=*/false);
  parts.Number("session generation", spec.session_generation());
  parts.Flag("session parallel", spec.session_parallel(),
             "executions of the session run side by side");
}

void AddSandbox(const SandboxSpec& sandbox, Parts& parts) {
  parts.Text("network", sandbox.network_mode());
  for (const Mount& mount : sandbox.mounts()) {
    parts.Add("mount",
              absl::StrCat(RenderQuoted({mount.source()}), " at ",
                           RenderQuoted({mount.target()}), ", ",
                           mount.writable() ? "writable" : "read only"),
              /*block=*/false);
  }
  parts.Text("image", sandbox.image());
  parts.Text("image id", sandbox.image_id());
  parts.Text("user", sandbox.user());
  parts.Text("backend", sandbox.backend());
  parts.Text("runtime", sandbox.runtime());
  parts.Bytes("memory", sandbox.memory_bytes());
  if (sandbox.cpu_millis() != 0) {
    parts.Text("processors",
               absl::StrFormat("%d.%03d", sandbox.cpu_millis() / 1000,
                               sandbox.cpu_millis() % 1000));
  }
  parts.Number("processes", sandbox.pids());
  parts.Bytes("size of /workspace", sandbox.workspace_bytes());
  parts.Bytes("size of /tmp", sandbox.tmp_bytes());
  parts.Number("files in each", sandbox.inodes());
  parts.Bytes("output", sandbox.output_bytes());
  parts.Text("image pull", sandbox.pull_policy());
}

void NameInput(const ProcessInput& input, std::vector<std::string>& names) {
  if (!input.stdin().empty()) names.emplace_back("stdin");
  if (input.accepts_later_input()) names.emplace_back("later input");
  if (!input.env().empty()) names.emplace_back("env");
  if (!input.files().empty()) names.emplace_back("files");
}

}  // namespace

std::vector<ActionPart> PartsOfSpec(const ExecutionSpec& spec) {
  Parts parts;
  parts.Text("action", KindWord(spec.action()));
  parts.Text("agent", spec.agent());
  AddAction(spec.action(), parts);
  AddSession(spec, parts);
  if (spec.has_timeout()) {
    parts.Text("timeout", absl::FormatDuration(FromProto(spec.timeout())));
  }
  AddSandbox(spec.sandbox(), parts);
  parts.Args("interpreter", spec.interpreter().command());
  parts.Text("code file ending", spec.interpreter().file_extension());
  parts.Text("execution", spec.execution_id());
  return parts.Take();
}

std::string KindWord(const Action& action) {
  const auto* field =
      Action::descriptor()->FindFieldByNumber(action.kind_case());
  return field == nullptr ? "" : field->name();
}

std::string MainText(const Action& action) {
  switch (action.kind_case()) {
    case Action::kCodeExec:
      return action.code_exec().code();
    case Action::kSystemCommand:
      return action.system_command().has_argv()
                 ? Quoted(action.system_command().argv().args())
                 : action.system_command().shell();
    case Action::kFileRead:
      return action.file_read().path();
    case Action::kFileList:
      return action.file_list().path();
    case Action::kFileWrite:
      return action.file_write().path();
    case Action::kFileDelete:
      return action.file_delete().path();
    case Action::kHttpGet:
      return action.http_get().url();
    case Action::kHttpPost:
      return action.http_post().url();
    case Action::kSshExec:
      return action.ssh_exec().command();
    case Action::KIND_NOT_SET:
      break;
  }
  return "";
}

std::vector<std::string> WhatComesWith(const Action& action) {
  std::vector<std::string> names;
  if (!action.code_exec().args().empty()) names.emplace_back("arguments");
  NameInput(action.code_exec().input(), names);
  NameInput(action.system_command().input(), names);
  if (action.file_delete().recursive()) names.emplace_back("all below it");
  if (!action.http_post().body().empty()) names.emplace_back("a body");
  return names;
}

}  // namespace airlock::policy
