// The settings a cell sees.
#pragma once

#include <string>

#include "services/runner/cell/cell.h"

namespace airlock::runner {

// Makes `etc`, a folder in the new root: of the host only what programs need to
// be found, to link, and to check certificates and times; who is who is made
// up, so that the host's accounts stay unknown. Throws StepFailed.
void MakeEtc(const std::string& etc, const CellSite& site,
             const CellSpec& spec);

}  // namespace airlock::runner
