#include "services/executor/backends/ssh/duty/host_manifest.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/security/random.h"
#include "common/text_escape/escape.h"
#include "services/executor/backends/ssh/connection/runner_upload.h"
#include "services/executor/backends/ssh/connection/shell_words.h"
#include "services/executor/backends/ssh/connection/ssh_connection.h"

namespace airlock::executor {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10U;
constexpr int kPollMs = 100;
constexpr std::size_t kMaxShown = 8;
constexpr std::size_t kMaxShownBytes = 240;

std::string ManifestCommand(const HostLinkOptions& host,
                            const std::string& runner,
                            const std::vector<std::string>& roots,
                            const std::string& mark) {
  std::string command =
      absl::StrCat("exec ", ShellWord(runner), " manifest --mark ", mark,
                   " --executor ", ShellWord(host.executor_id));
  for (const std::string& root : roots) {
    absl::StrAppend(&command, " --root ", ShellWord(root));
  }
  return command;
}

// All it writes until it ends.
absl::StatusOr<std::string> ReadOutput(SshConnection& connection,
                                       absl::Time deadline,
                                       const std::atomic<bool>& stop) {
  std::string output;
  std::array<char, kReadBytes> buffer;
  while (output.size() <= kMaxManifestBytes) {
    if (stop) return absl::CancelledError("the executor stops");
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError("the host did not say what is on it");
    }
    const auto received = connection.Receive(buffer.data(), buffer.size());
    if (!received.ok()) return received.status();
    if (!received->has_value()) {
      pollfd wait{
          connection.fd(),
          static_cast<decltype(pollfd::events)>(connection.poll_events()), 0};
      poll(&wait, 1, kPollMs);
      continue;
    }
    if ((*received)->size == 0) return output;
    if ((*received)->source != Source::kOutput) continue;
    output.append(buffer.data(), (*received)->size);
  }
  return absl::DataLossError("the host says more than is taken");
}

absl::StatusOr<HostManifest> ParseManifest(absl::string_view output,
                                           const std::string& mark) {
  const std::string begin = absl::StrCat("begin ", mark, "\n");
  const std::string end = absl::StrCat("end ", mark, "\n");
  const std::size_t first = output.find(begin);
  if (first == absl::string_view::npos || !absl::EndsWith(output, end)) {
    return absl::DataLossError("the host did not say completely what is on it");
  }
  output.remove_prefix(first + begin.size());
  output.remove_suffix(end.size());
  HostManifest lines = absl::StrSplit(output, '\n', absl::SkipEmpty());
  std::sort(lines.begin(), lines.end());
  return lines;
}

// "file /etc/passwd" of a line.
std::string Subject(absl::string_view line) {
  return std::string(line.substr(0, line.find(' ', line.find(' ') + 1)));
}

bool HasSubject(const HostManifest& lines, const std::string& subject) {
  const std::string begin = absl::StrCat(subject, " ");
  const auto at = std::lower_bound(lines.begin(), lines.end(), begin);
  return at != lines.end() && absl::StartsWith(*at, begin);
}

}  // namespace

absl::StatusOr<HostManifest> TakeManifest(const HostLinkOptions& host,
                                          const std::vector<std::string>& roots,
                                          absl::Time deadline,
                                          const std::atomic<bool>& stop) {
  auto connection = SshConnection::Dial(host.target, deadline);
  if (!connection.ok()) return connection.status();
  const auto runner =
      UploadRunner(**connection, host.runners, host.runner_directory, deadline);
  if (!runner.ok()) return runner.status();
  const std::string mark = RandomUuid();
  const absl::Status started =
      (*connection)
          ->StartProgram(ManifestCommand(host, runner->path, roots, mark),
                         deadline);
  if (!started.ok()) return started;
  const auto output = ReadOutput(**connection, deadline, stop);
  if (!output.ok()) return output.status();
  return ParseManifest(*output, mark);
}

std::string DescribeDifference(const HostManifest& before,
                               const HostManifest& after) {
  HostManifest added;
  HostManifest removed;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                      std::back_inserter(added));
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                      std::back_inserter(removed));
  std::vector<std::string> words;
  for (const std::string& line : added) {
    const bool is_other = HasSubject(removed, Subject(line));
    words.push_back(absl::StrCat(is_other ? "changed " : "new ", line));
  }
  for (const std::string& line : removed) {
    if (HasSubject(added, Subject(line))) continue;
    words.push_back(absl::StrCat("gone ", line));
  }
  const std::size_t count = words.size();
  if (count > kMaxShown) words.resize(kMaxShown);
  for (std::string& word : words) {
    word = EscapeText(absl::string_view(word).substr(0, kMaxShownBytes));
  }
  std::string text = absl::StrJoin(words, "; ");
  if (count > kMaxShown) {
    absl::StrAppend(&text, "; and ", count - kMaxShown, " more");
  }
  return text;
}

}  // namespace airlock::executor
