// Measures decisions on one core:
//
//   decision_bench [RULES] [DECISIONS]
//
// Rules of every kind that has conditions (hosts, paths, commands, agents) and
// actions of which some meet an early rule, some a late one and some none. What
// is measured is all that stands between a request and its decision: the facts
// are taken, then it is decided; and the same by asking each rule in turn.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/config/config_file.h"
#include "common/config/contract.h"
#include "services/policy/engine/decide.h"

namespace airlock::policy {
namespace {

using airlock::v1::Action;

constexpr int kDefaultRules = 1000;
constexpr int kDefaultDecisions = 200'000;
constexpr int kActions = 4096;

std::string RuleText(int i) {
  const char* const approval = i % 3 == 0   ? "auto"
                               : i % 3 == 1 ? "required"
                                            : "deny";
  const auto rule = [approval](const char* kind, const std::string& condition) {
    return absl::StrCat(R"({"action": ")", kind, R"(", "approval": ")",
                        approval, "\", ", condition, "}");
  };
  switch (i % 5) {
    case 0:
      return rule("http_get",
                  absl::StrCat(R"("host": "api)", i, R"(.example.com")"));
    case 1:
      return rule("http_post",
                  absl::StrCat(R"("host": "*.zone)", i, R"(.example.org")"));
    case 2:
      return rule("file_write",
                  absl::StrCat(R"("path": "src/module)", i, R"(/.*\\.py")"));
    case 3:
      return rule("file_read",
                  absl::StrCat(R"("path": "/workspace/data/set)", i,
                               R"re(/[a-z0-9_]+\\.(csv|json)")re"));
    default:
      return absl::StrCat(
          R"({"action": "system_command", "approval": "deny", "command": )",
          R"("tool)", i, R"( (install|remove) [a-z]+"})");
  }
}

std::shared_ptr<const Contract> MakeContract(int rules) {
  std::vector<std::string> texts;
  for (int i = 0; i < rules; ++i) texts.push_back(RuleText(i));
  ConfigReading reading = ReadConfigText(
      absl::StrCat(R"({"autonomy": {"level": "full"}, "approvalGating": )",
                   R"({"rules": [)", absl::StrJoin(texts, ","), "]}}"));
  auto contract = ContractFromConfig(reading.config, reading.problems);
  if (contract == nullptr) {
    std::cerr << FormatProblems(reading.problems);
    std::exit(1);
  }
  return contract;
}

// Half of them name a number that a rule may have.
Action MakeAction(std::mt19937& random, int rules) {
  const auto number =
      static_cast<int>(random() % static_cast<unsigned>(2 * rules));
  Action action;
  switch (number % 5) {
    case 0:
      action.mutable_http_get()->set_url(
          absl::StrCat("https://api", number, ".example.com/v1/items?page=2"));
      break;
    case 1:
      action.mutable_http_post()->set_url(
          absl::StrCat("https://a.b.zone", number, ".example.org/hook"));
      break;
    case 2:
      action.mutable_file_write()->set_path(
          absl::StrCat("src/module", number, "/deep/er/file.py"));
      break;
    case 3:
      action.mutable_file_read()->set_path(
          absl::StrCat("/workspace/data/set", number, "/part_7.csv"));
      break;
    default:
      for (const std::string& arg :
           {absl::StrCat("tool", number), std::string("install"),
            std::string("something")}) {
        action.mutable_system_command()->mutable_argv()->add_args(arg);
      }
  }
  return action;
}

using Decider = DecisionResult (*)(const AgentContract&, const ActionFacts&);

void Measure(const char* what, Decider decide, const AgentContract& contract,
             const std::vector<Action>& actions, int decisions) {
  std::vector<double> micros;
  micros.reserve(static_cast<std::size_t>(decisions));
  std::size_t allowed = 0;
  const std::clock_t begin = std::clock();
  for (int i = 0; i < decisions; ++i) {
    const absl::Time start = absl::Now();
    const ActionFacts facts = FactsFromAction(
        actions[static_cast<std::size_t>(i) % actions.size()], "ci-bot");
    allowed += decide(contract, facts).effect == Effect::kAllow ? 1 : 0;
    micros.push_back(absl::ToDoubleMicroseconds(absl::Now() - start));
  }
  // Of the processor, so that others on the machine do not count; each one's
  // time is of the wall, and they do.
  const double seconds =
      static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::sort(micros.begin(), micros.end());
  const auto at = [&micros](double share) {
    return micros[static_cast<std::size_t>(
        share * static_cast<double>(micros.size() - 1))];
  };
  std::cout << std::left << std::setw(20) << what << std::right << std::fixed
            << std::setprecision(0) << std::setw(12) << decisions / seconds
            << std::setprecision(1) << std::setw(10) << at(0.5) << std::setw(10)
            << at(0.99) << std::setw(10) << micros.back()
            << std::setprecision(0) << std::setw(10)
            << 100.0 * static_cast<double>(allowed) / decisions << " %\n";
}

int Main(int argc, char** argv) {
  const int rules = argc > 1 ? std::atoi(argv[1]) : kDefaultRules;
  const int decisions = argc > 2 ? std::atoi(argv[2]) : kDefaultDecisions;
  if (rules < 1 || decisions < 1) {
    std::cerr << "decision_bench [RULES] [DECISIONS], both positive\n";
    return 2;
  }
  const absl::Time begin = absl::Now();
  const std::shared_ptr<const Contract> contract = MakeContract(rules);
  std::cout << rules << " rules loaded in "
            << absl::ToInt64Milliseconds(absl::Now() - begin) << " ms\n"
            << "                     decisions/s   p50 us    p99 us    max us"
               "   allowed\n";
  std::mt19937 random(1);
  std::vector<Action> actions;
  for (int i = 0; i < kActions; ++i) {
    actions.push_back(MakeAction(random, rules));
  }
  Measure("indexed, cold", Decide, contract->defaults(), actions,
          std::min(decisions, kActions));
  Measure("indexed", Decide, contract->defaults(), actions, decisions);
  Measure("each in turn", Explain, contract->defaults(), actions,
          std::max(1, decisions / 100));
  return 0;
}

}  // namespace
}  // namespace airlock::policy

int main(int argc, char** argv) { return airlock::policy::Main(argc, argv); }
