#include "services/executor/backends/ssh/connection/runner_upload.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/security/digest.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "services/executor/backends/ssh/connection/framed_answer.h"
#include "services/executor/backends/ssh/connection/shell_words.h"

namespace airlock::executor {
namespace {

constexpr std::size_t kMaxProgramBytes = std::size_t{64} << 20U;
constexpr std::size_t kMaxPathBytes = 4000;

// Shared by the scripts below. $d is the folder, $f the program, $p a file
// nobody else uses, $h the program's SHA-256. What a login profile closed to
// us (umask, functions) is not ours to trust, so it is set here.
constexpr absl::string_view kCommon =
    "d=DIRECTORY; h=HASH; f=\"$d/airlock-runner-$h\"; p=\"$d/PART\"; "
    "umask 077; "
    "no() { rm -f -- \"$p\"; say no \"$*\"; exit 0; }; "
    "same() { s=$(sha256sum <\"$1\") && [ \"${s%% *}\" = \"$h\" ]; }; ";

// Makes the folder, proves that it is ours, takes files and executes them, and
// looks whether the program is there. Parts whose upload broke off an hour ago
// or earlier are removed.
constexpr absl::string_view kLookScript =
    "e=$(mkdir -p -- \"$d\" 2>&1) || no \"cannot be made: $e\"; "
    "set -- $(ls -ldn -- \"$d\"); "
    "case $1 in d*) ;; *) no \"is not a folder\" ;; esac; "
    "[ \"$3\" = \"$(id -u)\" ] || no \"belongs to user $3\"; "
    "e=$(chmod 700 -- \"$d\" 2>&1) || no \"cannot be closed to others: $e\"; "
    "e=$({ printf '#!/bin/sh\\nexit 0\\n' >\"$p\" && chmod 700 \"$p\"; } 2>&1)"
    " || no \"cannot be written: $e\"; "
    "e=$(\"$p\" 2>&1) || no \"does not execute programs: $e\"; "
    "rm -f -- \"$p\"; "
    "find \"$d\" -name 'part-*' -mmin +60 -exec rm -f {} + 2>/dev/null; "
    "if [ -f \"$f\" ] && [ ! -L \"$f\" ] && same \"$f\" && "
    "\"$f\" --version >/dev/null 2>&1; then say ready; else say absent; fi";

// Takes the program from its input. A connection that breaks ends the input
// too, so what came is believed only once its hash is right.
constexpr absl::string_view kWriteScript =
    "e=$({ cat >\"$p\"; } 2>&1) || no \"cannot take the program: $e\"; "
    "same \"$p\" || no \"did not keep the program as it was sent\"; "
    "chmod 700 \"$p\"; "
    "e=$(\"$p\" --version 2>&1) || no \"does not execute the program: $e\"; "
    "e=$(mv -f -- \"$p\" \"$f\" 2>&1) || no \"cannot rename: $e\"; "
    "say ready";

// What there is to know of a host.
struct HostFacts {
  std::string architecture;
  std::string user_id;
  std::string home;
  std::string runtime_directory;
};

absl::StatusOr<HostFacts> AskFacts(SshConnection& connection,
                                   absl::Time deadline) {
  const absl::StatusOr<std::string> answer =
      AskHost(connection,
              "say $(uname -m); say $(id -u); say \"$HOME\"; "
              "say \"$XDG_RUNTIME_DIR\"",
              "", deadline);
  if (!answer.ok()) return answer.status();
  std::vector<std::string> lines = absl::StrSplit(*answer, '\n');
  lines.resize(4);
  HostFacts facts{lines[0], lines[1], lines[2], lines[3]};
  // It becomes part of paths.
  if (!std::all_of(facts.user_id.begin(), facts.user_id.end(),
                   absl::ascii_isdigit)) {
    facts.user_id = "unknown";
  }
  return facts;
}

// The host's words go into commands and errors.
bool IsUsablePath(absl::string_view path) {
  return absl::StartsWith(path, "/") && path.size() <= kMaxPathBytes &&
         std::none_of(path.begin(), path.end(), [](char letter) {
           return absl::ascii_iscntrl(static_cast<unsigned char>(letter));
         });
}

std::vector<std::string> FoldersToTry(const HostFacts& facts,
                                      absl::string_view directory) {
  if (!directory.empty()) return {std::string(directory)};
  std::vector<std::string> folders;
  if (IsUsablePath(facts.home)) {
    folders.push_back(absl::StrCat(facts.home, "/.cache/airlock"));
  }
  if (IsUsablePath(facts.runtime_directory)) {
    folders.push_back(absl::StrCat(facts.runtime_directory, "/airlock"));
  }
  for (const absl::string_view root : {"/var/tmp", "/dev/shm"}) {
    folders.push_back(absl::StrCat(root, "/airlock-", facts.user_id));
  }
  return folders;
}

absl::StatusOr<std::string> ReadProgram(const RunnerBinaries& binaries,
                                        const std::string& architecture) {
  const auto found = binaries.find(architecture);
  if (found == binaries.end()) {
    std::vector<std::string> known;
    for (const auto& [name, path] : binaries) known.push_back(name);
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "ARCHITECTURE_UNSUPPORTED",
        absl::StrCat(
            "the SSH host's processor is \"", ShownBeginning(architecture),
            "\", but there are runners only for: ", absl::StrJoin(known, ", ")),
        {{"architecture", ShownBeginning(architecture)}});
  }
  std::ifstream file(found->second, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(
        absl::StrCat("the runner program cannot be read: ", found->second));
  }
  std::string program{std::istreambuf_iterator<char>(file), {}};
  if (!absl::StartsWith(program, "\177ELF") ||
      program.size() > kMaxProgramBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the runner program must be an ELF program of at most ",
                     kMaxProgramBytes, " bytes: ", found->second));
  }
  return program;
}

// One program for one host. Lives for one call of UploadRunner().
class Upload {
 public:
  Upload(SshConnection& connection, const std::string& program,
         absl::Time deadline)
      : connection_(connection),
        program_(program),
        hash_(ToHex(Sha256(program))),
        deadline_(deadline) {}

  // Whether the folder does; if not, why is added to the reasons.
  absl::StatusOr<bool> Try(const std::string& folder) {
    absl::StatusOr<std::string> answer = Ask(folder, kLookScript, "");
    if (answer.ok() && *answer == "absent") {
      uploaded_ = true;
      answer = Ask(folder, kWriteScript, program_);
    }
    if (!answer.ok()) return answer.status();
    if (*answer == "ready") return true;
    absl::string_view why = *answer;
    absl::ConsumePrefix(&why, "no ");
    reasons_.push_back(absl::StrCat(folder, " ", ShownBeginning(why)));
    return false;
  }

  std::string PathIn(const std::string& folder) const {
    return absl::StrCat(folder, "/airlock-runner-", hash_);
  }
  bool uploaded() const { return uploaded_; }
  const std::vector<std::string>& reasons() const { return reasons_; }

 private:
  // The first line of the answer.
  absl::StatusOr<std::string> Ask(const std::string& folder,
                                  absl::string_view script,
                                  absl::string_view input) {
    const std::string common = absl::StrReplaceAll(
        kCommon, {{"DIRECTORY", ShellWord(folder)},
                  {"HASH", hash_},
                  {"PART", absl::StrCat("part-", RandomUuid())}});
    absl::StatusOr<std::string> answer =
        AskHost(connection_, absl::StrCat(common, script), input, deadline_);
    if (!answer.ok()) return answer;
    return answer->substr(0, answer->find('\n'));
  }

  SshConnection& connection_;
  const std::string& program_;
  const std::string hash_;
  const absl::Time deadline_;
  bool uploaded_ = false;
  // Of each folder that did not do.
  std::vector<std::string> reasons_;
};

}  // namespace

absl::StatusOr<RemoteRunner> UploadRunner(SshConnection& connection,
                                          const RunnerBinaries& binaries,
                                          absl::string_view directory,
                                          absl::Time deadline) {
  if (!directory.empty() && !IsUsablePath(directory)) {
    return absl::InvalidArgumentError(
        "the folder for the runner must be an absolute path without control "
        "characters");
  }
  const absl::StatusOr<HostFacts> facts = AskFacts(connection, deadline);
  if (!facts.ok()) return facts.status();
  const absl::StatusOr<std::string> program =
      ReadProgram(binaries, facts->architecture);
  if (!program.ok()) return program.status();
  Upload upload(connection, *program, deadline);
  for (const std::string& folder : FoldersToTry(*facts, directory)) {
    const absl::StatusOr<bool> done = upload.Try(folder);
    if (!done.ok()) return done.status();
    if (*done) {
      return RemoteRunner{upload.PathIn(folder), facts->architecture,
                          upload.uploaded()};
    }
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "NO_RUNNER_FOLDER",
      absl::StrCat("the SSH host has no folder that can hold and execute the "
                   "runner: ",
                   absl::StrJoin(upload.reasons(), "; ")));
}

}  // namespace airlock::executor
