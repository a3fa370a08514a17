// `sandbox.languages`, checked: how the languages of code_exec are run.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "airlock/config/v1/config.pb.h"
#include "common/config/problems.h"

namespace airlock {

// How a language of code_exec is run.
struct LanguageSettings {
  // Program and arguments; the code's file name follows.
  std::vector<std::string> command;
  // Such as ".py".
  std::string extension;
};

// python, bash, sh and node.
std::map<std::string, LanguageSettings> DefaultLanguages();

// Checks the languages that stand at `path`; they replace the defaults.
std::map<std::string, LanguageSettings> ReadLanguages(
    const config::v1::LanguageMap& languages, const std::string& path,
    ProblemList& problems);

}  // namespace airlock
