#include "services/runner/files/file_program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "services/runner/files/copy.h"
#include "services/runner/files/file_command.h"
#include "services/runner/files/file_error.h"
#include "services/runner/files/list_directory.h"
#include "services/runner/files/read_file.h"
#include "services/runner/files/remove_path.h"
#include "services/runner/files/write_file.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

constexpr int kUsageError = 2;

constexpr std::string_view kUsage =
    "Usage: airlock-runner file read --path PATH [--offset N] [--limit N]\n"
    "       airlock-runner file list [--path PATH]\n"
    "       airlock-runner file write --path PATH --size N [--mode OCTAL]\n"
    "                           [--existing overwrite|refuse|append]\n"
    "       airlock-runner file delete --path PATH [--recursive yes|no]\n"
    "\n"
    "Does one thing with a file below the workspace (--workspace DIR, by\n"
    "default /workspace). Content to write comes on standard input.\n";

FileError Do(const FileCommand& command) {
  const UniqueFd root(
      ::open(command.workspace.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return FileErrorFromErrno(errno, command.workspace);
  switch (command.kind) {
    case FileCommand::Kind::kRead:
      return ReadFile(root.get(), command, STDOUT_FILENO);
    case FileCommand::Kind::kList:
      return ListDirectory(root.get(), command, STDOUT_FILENO);
    case FileCommand::Kind::kWrite:
      return WriteFile(root.get(), command, STDIN_FILENO);
    case FileCommand::Kind::kDelete:
      return RemovePath(root.get(), command);
  }
  return {FileEnd::kFailed, "no such action"};
}

FileError DoSafely(const FileCommand& command) {
  try {
    return Do(command);
  } catch (const std::exception& error) {
    return {FileEnd::kFailed, error.what()};
  }
}

int Tell(std::string_view message, int exit_code) {
  // Whoever does not hear it has the exit code.
  static_cast<void>(WriteAll(STDERR_FILENO, message));
  return exit_code;
}

}  // namespace

int FileMain(int argc, char** argv) {
  const std::vector<std::string_view> words(argv, argv + argc);
  FileCommand command;
  const CommandError problem = ReadFileCommand(words, command);
  if (problem.is_path) {
    return Tell(problem.message + "\n",
                static_cast<int>(FileEnd::kPathRefused));
  }
  if (!problem.ok()) {
    return Tell(
        "airlock-runner file: " + problem.message + "\n" + std::string(kUsage),
        kUsageError);
  }
  ::umask(0);  // modes are told exactly
  ::signal(SIGPIPE, SIG_IGN);
  const FileError error = DoSafely(command);
  if (error.ok()) return 0;
  return Tell(error.message + "\n", static_cast<int>(error.end));
}

}  // namespace airlock::runner
