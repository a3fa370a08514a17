// Sessions in one line for people.
#pragma once

#include <string>

#include "airlock/v1/session.pb.h"

namespace airlock::cli {

// "open", "lost": the state in lower case.
std::string SessionStateWord(airlock::v1::Session::State state);

// "lost (EXECUTOR_LOST)": where it stands, and why if that is known.
std::string SessionStandingText(const airlock::v1::Session& session);

}  // namespace airlock::cli
