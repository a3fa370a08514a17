// What is wrong with a configuration, and where.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace airlock {

// One thing that is wrong, or only suspicious, in a configuration.
struct ConfigProblem {
  // Key path, such as "approvalGating.rules[1].approval". Empty: the file.
  std::string path;
  // What was wrong, what came and what would do.
  std::string message;
  // A warning is told; an error refuses the configuration.
  bool is_warning = false;

  friend bool operator==(const ConfigProblem&, const ConfigProblem&) = default;
};

// Collects every problem, in the order found, each one once. What a stranger's
// file can make it hold is bounded: after kMaxProblems, one more says so.
// Not thread-safe.
class ProblemList {
 public:
  static constexpr int kMaxProblems = 200;

  void AddError(absl::string_view path, absl::string_view message);
  void AddWarning(absl::string_view path, absl::string_view message);

  // Adds all of `other`, except what is here already.
  void Merge(const ProblemList& other);

  // Whether any problem is an error.
  bool has_errors() const { return has_errors_; }
  bool empty() const { return problems_.empty(); }
  const std::vector<ConfigProblem>& problems() const { return problems_; }

  // OK without errors; else INVALID_ARGUMENT with every error, one per line.
  absl::Status ToStatus() const;

 private:
  void Add(ConfigProblem problem);

  std::vector<ConfigProblem> problems_;
  bool has_errors_ = false;
};

// One line for each: "error: sandbox.timeout: must be ...".
std::string FormatProblems(const ProblemList& problems);

// `text` between double quotes for a message: control and non-ASCII bytes
// escaped, cut after 80 bytes.
std::string QuoteForMessage(absl::string_view text);

}  // namespace airlock
