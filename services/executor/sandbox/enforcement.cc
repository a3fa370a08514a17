#include "services/executor/sandbox/enforcement.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace airlock::executor {
namespace {

constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr std::uint64_t kProbeMemory = 64 * kMebibyte;
constexpr std::uint32_t kProbePids = 16;
constexpr std::uint64_t kProbeWorkspace = 6 * kMebibyte;
constexpr std::uint64_t kProbeTmp = 2 * kMebibyte;
constexpr std::uint64_t kProbeInodes = 256;
constexpr std::uint32_t kProbeCpuMillis = 1000;
// A filesystem rounds its size up to pages.
constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kMaxQuoted = 200;

// What was told of one thing.
class Fact {
 public:
  Fact(absl::string_view text, std::map<std::string, std::string> values)
      : text_(text), values_(std::move(values)) {}

  // "" if it was not told.
  std::string Word(const std::string& key) const {
    const auto value = values_.find(key);
    return value == values_.end() ? "" : value->second;
  }
  // More than any limit, if it was not told or is no number.
  std::uint64_t Number(const std::string& key) const {
    std::uint64_t number = 0;
    return absl::SimpleAtoi(Word(key), &number)
               ? number
               : std::numeric_limits<std::uint64_t>::max();
  }
  bool Is(const std::string& key, absl::string_view word) const {
    return Word(key) == word;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::map<std::string, std::string> values_;
};

using Judge = bool (*)(const Fact&, const SandboxSpec&);

bool JudgeUser(const Fact& fact, const SandboxSpec& spec) {
  const std::pair<std::string, std::string> user =
      absl::StrSplit(spec.user, absl::MaxSplits(':', 1));
  const auto all = [&fact](absl::string_view id, const std::string& wanted) {
    return !wanted.empty() && wanted != "0" &&
           fact.Is(std::string(id), wanted) &&
           fact.Is(absl::StrCat("effective_", id), wanted) &&
           fact.Is(absl::StrCat("saved_", id), wanted);
  };
  return all("uid", user.first) && all("gid", user.second) &&
         fact.Is("other_groups", "none");
}

bool JudgeCapabilities(const Fact& fact, const SandboxSpec& /*spec*/) {
  constexpr std::array kSets = {"inheritable", "permitted", "effective",
                                "bounding", "ambient"};
  return std::all_of(kSets.begin(), kSets.end(), [&fact](const char* set) {
    const std::string word = fact.Word(set);
    return !word.empty() && word.find_first_not_of('0') == std::string::npos;
  });
}

bool JudgePrivileges(const Fact& fact, const SandboxSpec& /*spec*/) {
  return fact.Is("no_new", "1");
}

bool JudgeSeccomp(const Fact& fact, const SandboxSpec& /*spec*/) {
  const std::string refused = fact.Word("user_namespace");
  return fact.Is("mode", "2") && !refused.empty() && refused != "none";
}

bool JudgeRoot(const Fact& fact, const SandboxSpec& /*spec*/) {
  const std::string refused = fact.Word("write");
  return fact.Is("read_only", "1") && !refused.empty() && refused != "none";
}

bool JudgeNetwork(const Fact& fact, const SandboxSpec& /*spec*/) {
  // Everything else needs somebody who answers, or a road to him.
  constexpr std::array kNoRoad = {"ENETUNREACH", "EPERM", "EACCES",
                                  "EAFNOSUPPORT"};
  return fact.Is("up", "none") &&
         std::find(kNoRoad.begin(), kNoRoad.end(), fact.Word("connect")) !=
             kNoRoad.end();
}

bool JudgeCpu(const Fact& fact, const SandboxSpec& spec) {
  const std::uint64_t quota = fact.Number("quota_us");
  const std::uint64_t period = fact.Number("period_us");
  // An hour is more than any kernel takes, and far from every overflow.
  constexpr std::uint64_t kMost = 3'600'000'000;
  return period > 0 && period <= kMost && quota > 0 && quota <= kMost * 1024 &&
         quota * 1000 <= spec.cpu_millis * period;
}

bool JudgeDisk(const Fact& fact, const SandboxSpec& spec) {
  const std::uint64_t tmp = fact.Number("tmp");
  const std::uint64_t shm = fact.Number("shm");
  const std::string shm_refused = fact.Word("shm_error");
  return fact.Is("workspace_error", "ENOSPC") &&
         fact.Number("workspace") <= spec.workspace_bytes + kPage &&
         fact.Is("tmp_error", "ENOSPC") && !shm_refused.empty() &&
         shm_refused != "none" && tmp <= spec.tmp_bytes + kPage &&
         shm <= spec.tmp_bytes && tmp + shm <= spec.tmp_bytes + 2 * kPage;
}

bool JudgeInodes(const Fact& fact, const SandboxSpec& spec) {
  // The root of a filesystem is one more.
  return fact.Is("workspace_error", "ENOSPC") &&
         fact.Number("workspace") < spec.inodes &&
         fact.Is("tmp_error", "ENOSPC") && fact.Number("tmp") < spec.inodes;
}

bool JudgePids(const Fact& fact, const SandboxSpec& spec) {
  return fact.Is("error", "EAGAIN") && fact.Number("created") <= spec.pids;
}

bool JudgeMemory(const Fact& fact, const SandboxSpec& spec) {
  return fact.Number("limit") <= spec.memory_bytes && fact.Is("signal", "9") &&
         fact.Number("used") <= spec.memory_bytes;
}

bool JudgeSwap(const Fact& fact, const SandboxSpec& spec) {
  return fact.Is("swap", "0") ||
         fact.Number("limit_with_swap") <= spec.memory_bytes;
}

// A check, the fact it is about, and what must hold.
struct Rule {
  const char* name;
  const char* fact;
  Judge judge;
};

constexpr std::array kRules = {
    Rule{"user", "user", JudgeUser},
    Rule{"capabilities", "capabilities", JudgeCapabilities},
    Rule{"privileges", "privileges", JudgePrivileges},
    Rule{"seccomp", "seccomp", JudgeSeccomp},
    Rule{"root", "root", JudgeRoot},
    Rule{"network", "network", JudgeNetwork},
    Rule{"cpu", "cpu", JudgeCpu},
    Rule{"disk", "disk", JudgeDisk},
    Rule{"inodes", "inodes", JudgeInodes},
    Rule{"pids", "pids", JudgePids},
    Rule{"memory", "memory", JudgeMemory},
    Rule{"swap", "memory", JudgeSwap}};

// By name. Of two of a name neither is believed.
std::map<std::string, Fact> ReadFacts(absl::string_view output) {
  std::map<std::string, Fact> facts;
  for (absl::string_view line : absl::StrSplit(output, '\n')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.empty()) continue;
    std::map<std::string, std::string> values;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::pair<std::string, std::string> value =
          absl::StrSplit(words[i], absl::MaxSplits('=', 1));
      values.insert(value);
    }
    std::string name(words.front());
    const bool first = facts.try_emplace(name, Fact(line, values)).second;
    if (!first) facts.insert_or_assign(name, Fact("it was told twice", {}));
  }
  return facts;
}

}  // namespace

SandboxSpec ProbeSandbox(SandboxSpec spec) {
  // Judged is what the engine has now, and nothing is pulled for it.
  spec.image_id.clear();
  spec.pull_policy = "never";
  spec.memory_bytes = kProbeMemory;
  spec.cpu_millis = kProbeCpuMillis;
  spec.pids = kProbePids;
  spec.workspace_bytes = kProbeWorkspace;
  spec.tmp_bytes = kProbeTmp;
  spec.inodes = kProbeInodes;
  spec.network_mode = "none";
  spec.mounts.clear();
  return spec;
}

std::vector<std::string> ProbeCommand(const SandboxSpec& spec) {
  return {kRunnerProgram, "probe",
          "--memory",     absl::StrCat(spec.memory_bytes),
          "--pids",       absl::StrCat(spec.pids),
          "--disk",       absl::StrCat(spec.workspace_bytes + spec.tmp_bytes),
          "--inodes",     absl::StrCat(spec.inodes)};
}

std::vector<EnforcementCheck> JudgeProbe(const SandboxSpec& spec,
                                         absl::string_view output) {
  const std::map<std::string, Fact> facts = ReadFacts(output);
  std::vector<EnforcementCheck> checks;
  for (const Rule& rule : kRules) {
    EnforcementCheck& check = checks.emplace_back();
    check.name = rule.name;
    const auto fact = facts.find(rule.fact);
    if (fact == facts.end()) {
      check.message = "nothing was told of it";
      continue;
    }
    check.ok = rule.judge(fact->second, spec);
    if (!check.ok) {
      check.message = absl::StrCat("does not hold: ",
                                   fact->second.text().substr(0, kMaxQuoted));
    }
  }
  return checks;
}

}  // namespace airlock::executor
