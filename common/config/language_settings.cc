#include "common/config/language_settings.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/config/key_path.h"
#include "re2/re2.h"

namespace airlock {
namespace {

constexpr int kMaxCommandArgs = 64;

bool IsLanguageName(const std::string& name) {
  return re2::RE2::FullMatch(name, "[a-z][a-z0-9_+-]{0,31}");
}

bool IsExtension(const std::string& extension) {
  return re2::RE2::FullMatch(extension, "(\\.[A-Za-z0-9_+-]{1,16}){1,3}");
}

std::vector<std::string> ReadCommand(const config::v1::Language& language,
                                     const std::string& path,
                                     ProblemList& problems) {
  const auto& args = language.command().values();
  if (!language.has_command()) {
    problems.AddMissing(path,
                        "is required: the program and its arguments, "
                        "such as [\"python3\"]");
    return {};
  }
  if (args.empty() || args.size() > kMaxCommandArgs) {
    problems.AddError(
        path, absl::StrCat("must be the program and its arguments, such as "
                           "[\"python3\"], at most ",
                           kMaxCommandArgs, ": got ", args.size()));
    return {};
  }
  if (args[0].empty()) {
    problems.AddError(AppendIndex(path, 0), "must not be empty");
  }
  return {args.begin(), args.end()};
}

}  // namespace

std::map<std::string, LanguageSettings> DefaultLanguages() {
  return {{"bash", {{"bash"}, ".sh"}},
          {"node", {{"node"}, ".js"}},
          {"python", {{"python3"}, ".py"}},
          {"sh", {{"sh"}, ".sh"}}};
}

std::map<std::string, LanguageSettings> ReadLanguages(
    const config::v1::LanguageMap& languages, const std::string& path,
    ProblemList& problems) {
  std::map<std::string, LanguageSettings> settings;
  // By name, so that problems come in the same order every time.
  const std::map<std::string, config::v1::Language> sorted(
      languages.values().begin(), languages.values().end());
  for (const auto& [name, language] : sorted) {
    const std::string language_path = AppendKey(path, name);
    if (!IsLanguageName(name)) {
      problems.AddError(language_path,
                        "must be named like [a-z][a-z0-9_+-]*, with at most 32 "
                        "characters");
    }
    if (!language.has_extension()) {
      problems.AddMissing(AppendKey(language_path, "extension"),
                          "is required: the ending of a file name such as "
                          "\".py\"");
    } else if (!IsExtension(language.extension())) {
      problems.AddError(
          AppendKey(language_path, "extension"),
          absl::StrCat(
              "must be the ending of a file name such as \".py\": got ",
              QuoteForMessage(language.extension())));
    }
    settings[name] = {
        ReadCommand(language, AppendKey(language_path, "command"), problems),
        language.extension()};
  }
  if (settings.empty()) {
    problems.AddWarning(path, "names no language: every code_exec is refused");
  }
  return settings;
}

}  // namespace airlock
