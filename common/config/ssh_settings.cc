#include "common/config/ssh_settings.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/config/key_path.h"
#include "common/config/section_reader.h"
#include "common/config/values.h"

namespace airlock {
namespace {

// A SHA-256 in base64 without its one "=".
constexpr std::size_t kFingerprintCharacters = 43;
// Below it stand sockets, whose paths the kernel limits to 107 bytes.
constexpr std::size_t kMaxDirectoryBytes = 64;
constexpr std::size_t kMaxCgroupBytes = 255;

bool IsFingerprint(absl::string_view text) {
  return absl::ConsumePrefix(&text, "SHA256:") &&
         text.size() == kFingerprintCharacters &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '+' || c == '/';
         });
}

// Names between slashes, none of them "." or "..". They reach a shell and the
// file system of the host.
bool IsPlainPath(absl::string_view path, absl::string_view more_characters) {
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  return std::all_of(parts.begin(), parts.end(), [&](absl::string_view part) {
    return !part.empty() && part != "." && part != ".." && part[0] != '-' &&
           std::all_of(part.begin(), part.end(), [&](char c) {
             return absl::ascii_isalnum(c) ||
                    absl::StrContains(more_characters, c);
           });
  });
}

std::string ReadHost(SectionReader& reader) {
  std::string host = reader.RequiredText("host");
  if (!host.empty() && !IsHostName(host)) {
    reader.AddError("host", absl::StrCat("must be a host name or an address: "
                                         "got ",
                                         QuoteForMessage(host)));
  }
  return host;
}

void ReadHostKeys(SectionReader& reader, SshSettings& settings) {
  settings.known_hosts_path = reader.Text("knownHostsPath", "");
  settings.host_key_fingerprint = reader.Text("hostKeyFingerprint", "");
  settings.accept_new_host_keys = reader.Bool("acceptNewHostKeys", false);
  if (settings.host_key_fingerprint.empty()) return;
  if (!IsFingerprint(settings.host_key_fingerprint)) {
    reader.AddError(
        "hostKeyFingerprint",
        absl::StrCat("must be \"SHA256:\" and ", kFingerprintCharacters,
                     " characters of base64, as ssh-keygen -l shows "
                     "it: got ",
                     QuoteForMessage(settings.host_key_fingerprint)));
  }
  if (settings.accept_new_host_keys) {
    reader.AddError("acceptNewHostKeys",
                    "contradicts hostKeyFingerprint, which accepts one key: "
                    "leave one of the two out");
  }
  if (!settings.known_hosts_path.empty()) {
    reader.AddWarning("knownHostsPath",
                      "is not used where hostKeyFingerprint is given");
  }
}

std::string ReadRunnerDirectory(SectionReader& reader) {
  std::string directory = reader.Text("runnerDirectory", "");
  absl::string_view below_root = directory;
  if (directory.empty() || (directory.size() <= kMaxDirectoryBytes &&
                            absl::ConsumePrefix(&below_root, "/") &&
                            IsPlainPath(below_root, "._-+@"))) {
    return directory;
  }
  reader.AddError(
      "runnerDirectory",
      absl::StrCat("must be an absolute path of at most ", kMaxDirectoryBytes,
                   " bytes, made of letters, digits and \"._-+@\", without "
                   "\".\", \"..\" and empty parts: got ",
                   QuoteForMessage(directory)));
  return "";
}

std::string ReadCgroup(SectionReader& reader, const std::string& username) {
  std::string cgroup =
      reader.Text("cgroup", absl::StrCat("airlock-", username));
  if (!reader.Has("cgroup") ||
      (cgroup.size() <= kMaxCgroupBytes && !absl::StrContains(cgroup, '/') &&
       IsPlainPath(cgroup, "._-+@:"))) {
    return cgroup;
  }
  reader.AddError(
      "cgroup",
      absl::StrCat("must be the name of a control group at the top of its "
                   "hierarchy, such as \"airlock-sandbox\", made of letters, "
                   "digits and \"._-+@:\": got ",
                   QuoteForMessage(cgroup)));
  return "";
}

}  // namespace

SshSettings ReadSshSettings(const config::v1::Ssh& ssh, const std::string& path,
                            ProblemList& problems, absl::Duration& timeout) {
  SectionReader reader(ssh, path, problems);
  SshSettings settings;
  settings.host = ReadHost(reader);
  settings.port =
      static_cast<std::uint16_t>(reader.Integer("port", 22, {1, 65535}));
  settings.username = reader.RequiredText("username");
  settings.private_key_path = reader.RequiredText("privateKeyPath");
  settings.passphrase_path = reader.Text("passphrasePath", "");
  ReadHostKeys(reader, settings);
  settings.connect_timeout =
      reader.Milliseconds("connectTimeout", absl::Seconds(10),
                          {absl::Milliseconds(1), absl::Minutes(10)});
  settings.keepalive_interval =
      reader.Milliseconds("keepaliveInterval", absl::Seconds(5),
                          {absl::Milliseconds(100), absl::Minutes(10)});
  settings.runner_directory = ReadRunnerDirectory(reader);
  settings.cgroup = ReadCgroup(reader, settings.username);
  settings.best_effort =
      reader.Word("enforcement", "strict", {"strict", "best_effort"}) ==
      "best_effort";
  settings.rotation = ReadSshRotation(ssh, path, problems);
  timeout = reader.Milliseconds("timeout", timeout);
  return settings;
}

}  // namespace airlock
