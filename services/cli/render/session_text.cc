#include "services/cli/render/session_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/text_escape/escape.h"

namespace airlock::cli {

using airlock::v1::Session;

std::string SessionStateWord(Session::State state) {
  return absl::AsciiStrToLower(
      absl::StripPrefix(Session::State_Name(state), "STATE_"));
}

std::string SessionStandingText(const Session& session) {
  const std::string state = SessionStateWord(session.state());
  if (session.state_reason().empty()) return state;
  return absl::StrCat(state, " (", EscapeText(session.state_reason()), ")");
}

}  // namespace airlock::cli
