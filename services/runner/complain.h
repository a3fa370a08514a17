// The only words of this program that are not frames.
#pragma once

#include <string_view>

namespace airlock::runner {

// Writes a line to standard error, or drops it when nobody reads there:
// nothing may hold this program.
void Complain(std::string_view text);

}  // namespace airlock::runner
