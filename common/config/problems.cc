#include "common/config/problems.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace airlock {
namespace {

constexpr std::size_t kMaxQuotedBytes = 80;

std::string FormatProblem(const ConfigProblem& problem) {
  return absl::StrCat(
      problem.is_warning ? "warning: " : "error: ", problem.path,
      problem.path.empty() ? "" : ": ", problem.message);
}

}  // namespace

void ProblemList::AddError(absl::string_view path, absl::string_view message) {
  Add({std::string(path), std::string(message), false});
}

void ProblemList::AddWarning(absl::string_view path,
                             absl::string_view message) {
  Add({std::string(path), std::string(message), true});
}

void ProblemList::AddMissing(absl::string_view path,
                             absl::string_view message) {
  if (incomplete_ || HasErrorAtOrAbove(path)) {
    ++errors_added_;
  } else {
    AddError(path, message);
  }
}

bool ProblemList::HasErrorAtOrAbove(absl::string_view path) const {
  return std::any_of(
      problems_.begin(), problems_.end(), [path](const ConfigProblem& problem) {
        absl::string_view rest = path;
        if (problem.is_warning || !absl::ConsumePrefix(&rest, problem.path)) {
          return false;
        }
        return rest.empty() || rest[0] == '.' || rest[0] == '[';
      });
}

void ProblemList::Add(ConfigProblem problem) {
  // Errors count even when there is no room to tell them.
  if (!problem.is_warning) ++errors_added_;
  if (problems_.size() > kMaxProblems) return;
  if (std::find(problems_.begin(), problems_.end(), problem) !=
      problems_.end()) {
    return;
  }
  if (problems_.size() == kMaxProblems) {
    problem = {"",
               absl::StrCat("more than ", kMaxProblems,
                            " problems; the rest is not shown"),
               !has_errors()};
  }
  problems_.push_back(std::move(problem));
}

absl::Status ProblemList::ToStatus() const {
  if (!has_errors()) return absl::OkStatus();
  std::string message;
  for (const ConfigProblem& problem : problems_) {
    if (problem.is_warning) continue;
    absl::StrAppend(&message, message.empty() ? "" : "\n", problem.path,
                    problem.path.empty() ? "" : ": ", problem.message);
  }
  return absl::InvalidArgumentError(message);
}

std::string FormatProblems(const ProblemList& problems) {
  std::string text;
  for (const ConfigProblem& problem : problems.problems()) {
    absl::StrAppend(&text, FormatProblem(problem), "\n");
  }
  return text;
}

std::string QuoteForMessage(absl::string_view text) {
  const bool cut = text.size() > kMaxQuotedBytes;
  return absl::StrCat("\"", absl::CEscape(text.substr(0, kMaxQuotedBytes)),
                      "\"", cut ? "..." : "");
}

}  // namespace airlock
