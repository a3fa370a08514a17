// Closes many descriptors.
#pragma once

#include <span>

namespace airlock::runner {

// Closes all from `first` on, without those in `kept`.
void CloseFrom(int first, std::span<const int> kept = {});

}  // namespace airlock::runner
