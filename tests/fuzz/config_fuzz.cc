// Any text is either a configuration or refused with problems; reading it,
// checking it and deciding by it never breaks.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "airlock/v1/action.pb.h"
#include "common/config/config_file.h"
#include "common/config/contract.h"
#include "services/policy/engine/action_facts.h"
#include "services/policy/engine/decide.h"

namespace {

void DecideSomething(const airlock::Contract& contract) {
  airlock::v1::Action action;
  action.mutable_system_command()->mutable_argv()->add_args("ls");
  const airlock::policy::DecisionResult result = airlock::policy::Explain(
      contract.ForAgent("a"), airlock::policy::FactsFromAction(action, "a"));
  const bool explained = !result.reason.empty() && !result.rule.empty() &&
                         !result.steps.empty() && result.steps.back().applied;
  if (!explained) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  airlock::ConfigReading reading = airlock::ReadConfigText(text);
  const std::shared_ptr<const airlock::Contract> contract =
      airlock::ContractFromConfig(reading.config, reading.problems);
  // Nothing is refused without saying why.
  if (contract == nullptr && !reading.problems.has_errors()) std::abort();
  airlock::FormatProblems(reading.problems);
  if (contract != nullptr) DecideSomething(*contract);
  return 0;
}
