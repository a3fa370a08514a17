#include "common/config/ssh_rotation_settings.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/config/key_path.h"
#include "common/config/section_reader.h"

namespace airlock {
namespace {

// A host that is renewed faster does nothing else.
constexpr absl::Duration kShortestAge = absl::Seconds(10);
constexpr absl::Duration kLongestAge = absl::Hours(24 * 365);
constexpr std::int64_t kMostUses = 1'000'000'000;
constexpr std::size_t kMaxWords = 64;
constexpr std::size_t kMaxWordBytes = 4096;

bool IsArgument(absl::string_view word) {
  return word.size() <= kMaxWordBytes &&
         std::none_of(word.begin(), word.end(), [](char c) {
           return absl::ascii_iscntrl(static_cast<unsigned char>(c));
         });
}

std::vector<std::string> ReadCommand(const config::v1::SshSnapshot& snapshot,
                                     SectionReader& reader) {
  std::vector<std::string> words(snapshot.restore().values().begin(),
                                 snapshot.restore().values().end());
  if (words.empty() || !absl::StartsWith(words[0], "/")) {
    reader.AddError("restore",
                    absl::StrCat("must begin with the absolute path of a "
                                 "program: got ",
                                 words.empty() ? "an empty list"
                                               : QuoteForMessage(words[0])));
  } else if (words.size() > kMaxWords ||
             !std::all_of(words.begin(), words.end(), IsArgument)) {
    reader.AddError(
        "restore",
        absl::StrCat("must be at most ", kMaxWords, " texts of at most ",
                     kMaxWordBytes, " bytes without control characters"));
  } else {
    return words;
  }
  return {};
}

void ReadHook(const config::v1::SshSnapshot& snapshot, SectionReader& reader,
              SshRotationSettings& settings) {
  if (snapshot.has_restore()) {
    settings.restore = ReadCommand(snapshot, reader);
  } else {
    reader.AddMissing("restore", "is required with mode \"hook\"");
  }
  settings.restore_timeout =
      reader.Milliseconds("timeout", settings.restore_timeout,
                          {absl::Milliseconds(1), absl::Hours(24)});
  settings.every_session =
      reader.Word("when", "rotation", {"rotation", "session"}) == "session";
}

// A restored machine is expected and does not come.
void RefuseHookKeys(const config::v1::SshSnapshot& snapshot,
                    SectionReader& reader) {
  constexpr absl::string_view kNeedsHook =
      "contradicts mode \"none\": leave it out, or set mode to \"hook\"";
  if (snapshot.has_restore()) reader.AddError("restore", kNeedsHook);
  if (snapshot.when() == "session") reader.AddError("when", kNeedsHook);
  if (reader.Has("timeout")) {
    reader.AddWarning("timeout", "is not used with mode \"none\"");
  }
  reader.Word("when", "rotation", {"rotation", "session"});
}

}  // namespace

SshRotationSettings ReadSshRotation(const config::v1::Ssh& ssh,
                                    const std::string& path,
                                    ProblemList& problems) {
  SshRotationSettings settings;
  SectionReader rotation(ssh.rotation(), absl::StrCat(path, ".rotation"),
                         problems);
  settings.max_age = rotation.Milliseconds("maxAge", settings.max_age,
                                           {kShortestAge, kLongestAge});
  settings.max_uses = static_cast<std::uint64_t>(
      rotation.Integer("maxUses", 0, {1, kMostUses}));
  SectionReader snapshot(ssh.snapshot(), absl::StrCat(path, ".snapshot"),
                         problems);
  if (snapshot.Word("mode", "none", {"none", "hook"}) == "hook") {
    ReadHook(ssh.snapshot(), snapshot, settings);
  } else {
    RefuseHookKeys(ssh.snapshot(), snapshot);
  }
  if (settings.every_session && settings.max_uses > 1) {
    rotation.AddWarning("maxUses",
                        "is not used where `snapshot.when` is \"session\": "
                        "the host is made new after each sandbox");
  }
  return settings;
}

}  // namespace airlock
