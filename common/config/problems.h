// What is wrong with a configuration, and where.
#pragma once

#include <cstddef>
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
  // An error because nothing stands at `path`. It counts, but is not told where
  // an error at the path or above it says why nothing could be read.
  void AddMissing(absl::string_view path, absl::string_view message);

  // The file was not read to its end: no key of it is known to be missing.
  void MarkIncomplete() { incomplete_ = true; }

  // Whether any problem is an error.
  bool has_errors() const { return errors_added_ > 0; }
  // How many errors were added, those that were not told twice included.
  std::size_t errors_added() const { return errors_added_; }
  bool empty() const { return problems_.empty(); }
  const std::vector<ConfigProblem>& problems() const { return problems_; }

  // OK without errors; else INVALID_ARGUMENT with every error, one per line.
  absl::Status ToStatus() const;

 private:
  void Add(ConfigProblem problem);
  bool HasErrorAtOrAbove(absl::string_view path) const;

  std::vector<ConfigProblem> problems_;
  std::size_t errors_added_ = 0;
  bool incomplete_ = false;
};

// One line for each: "error: sandbox.timeout: must be ...".
std::string FormatProblems(const ProblemList& problems);

// `text` between double quotes for a message: control and non-ASCII bytes
// escaped, cut after 80 bytes.
std::string QuoteForMessage(absl::string_view text);

}  // namespace airlock
