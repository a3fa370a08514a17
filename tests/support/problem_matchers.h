// Matchers for ConfigProblem.
#pragma once

#include <gmock/gmock.h>

#include <ostream>

#include "common/config/problems.h"

namespace airlock {

inline void PrintTo(const ConfigProblem& problem, std::ostream* out) {
  *out << (problem.is_warning ? "warning: " : "error: ") << problem.path << ": "
       << problem.message;
}

// An error at a key path whose message has the text.
MATCHER_P2(ErrorAt, path, text, "") {
  *result_listener << arg.path << ": " << arg.message;
  return !arg.is_warning && arg.path == path &&
         testing::ExplainMatchResult(testing::HasSubstr(text), arg.message,
                                     result_listener);
}

// The same for a warning.
MATCHER_P2(WarningAt, path, text, "") {
  *result_listener << arg.path << ": " << arg.message;
  return arg.is_warning && arg.path == path &&
         testing::ExplainMatchResult(testing::HasSubstr(text), arg.message,
                                     result_listener);
}

}  // namespace airlock
