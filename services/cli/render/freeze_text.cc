#include "services/cli/render/freeze_text.h"

#include "common/text_escape/escape.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/table.h"

namespace airlock::cli {

std::string FreezesText(
    const google::protobuf::RepeatedPtrField<airlock::v1::FreezeState>&
        freezes) {
  if (freezes.empty()) return "nothing is frozen\n";
  // An agent cannot be called this: its id has no blanks.
  Table table({"FROZEN", "BY", "SINCE", "COMMENT"});
  for (const airlock::v1::FreezeState& freeze : freezes) {
    table.AddRow(
        {freeze.agent().empty() ? "all agents" : EscapeText(freeze.agent()),
         EscapeText(freeze.actor()), TimeText(freeze.time()),
         EscapeText(freeze.comment())});
  }
  return table.ToText();
}

}  // namespace airlock::cli
