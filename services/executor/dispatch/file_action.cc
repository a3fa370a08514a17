#include "services/executor/dispatch/file_action.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/file_action/file_end.h"
#include "common/status/error.h"

namespace airlock::executor {
namespace {

using airlock::v1::Action;
using airlock::v1::FileWrite;

absl::Status Invalid(absl::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, "SPEC_INVALID", message);
}

// Starts the argv: what is done, and where.
void Begin(absl::string_view verb, const std::string& path,
           ProcessSpec& process) {
  process.argv = {kRunnerProgram, "file", std::string(verb)};
  if (!path.empty()) process.argv.insert(process.argv.end(), {"--path", path});
}

void AddOption(absl::string_view name, std::string value,
               ProcessSpec& process) {
  process.argv.emplace_back(name);
  process.argv.push_back(std::move(value));
}

void AddRead(const airlock::v1::FileRead& read, ProcessSpec& process) {
  Begin("read", read.path(), process);
  if (read.offset() != 0) {
    AddOption("--offset", absl::StrCat(read.offset()), process);
  }
  if (read.limit() != 0) {
    AddOption("--limit", absl::StrCat(read.limit()), process);
  }
}

absl::Status AddWrite(const FileWrite& write, ProcessSpec& process) {
  Begin("write", write.path(), process);
  AddOption("--size", absl::StrCat(write.content().size()), process);
  if (write.mode() != 0) {
    AddOption("--mode", absl::StrFormat("%o", write.mode()), process);
  }
  process.stdin_data = write.content();
  switch (write.existing()) {
    case FileWrite::EXISTING_UNSPECIFIED:
    case FileWrite::EXISTING_OVERWRITE:
      return absl::OkStatus();
    case FileWrite::EXISTING_REFUSE:
      AddOption("--existing", "refuse", process);
      return absl::OkStatus();
    case FileWrite::EXISTING_APPEND:
      AddOption("--existing", "append", process);
      return absl::OkStatus();
    default:
      return Invalid(
          absl::StrCat("action.file_write.existing must be a known value: got ",
                       static_cast<int>(write.existing())));
  }
}

void AddDelete(const airlock::v1::FileDelete& remove, ProcessSpec& process) {
  Begin("delete", remove.path(), process);
  if (remove.recursive()) AddOption("--recursive", "yes", process);
}

}  // namespace

bool IsFileAction(const Action& action) {
  return action.has_file_read() || action.has_file_list() ||
         action.has_file_write() || action.has_file_delete();
}

absl::Status AddFileAction(const internal::v1::ExecutionSpec& spec,
                           ProcessSpec& process) {
  if (spec.session().empty()) {
    return Invalid("session must be set for a file action: got none");
  }
  // The program reads no variable, and whoever chose them meant other programs.
  process.env.clear();
  const Action& action = spec.action();
  switch (action.kind_case()) {
    case Action::kFileRead:
      AddRead(action.file_read(), process);
      return absl::OkStatus();
    case Action::kFileList:
      Begin("list", action.file_list().path(), process);
      return absl::OkStatus();
    case Action::kFileWrite:
      return AddWrite(action.file_write(), process);
    case Action::kFileDelete:
      AddDelete(action.file_delete(), process);
      return absl::OkStatus();
    default:
      return Invalid("action must be a file action");
  }
}

void ExplainFileAction(airlock::v1::Outcome& outcome) {
  if (outcome.ended_by() != airlock::v1::Outcome::ENDED_BY_EXITED ||
      outcome.exit_code() == 0) {
    return;
  }
  const FileEndWords& words = WordsOfFileEnd(outcome.exit_code());
  outcome.set_reason(std::string(words.reason));
  outcome.set_message(std::string(words.message));
}

}  // namespace airlock::executor
