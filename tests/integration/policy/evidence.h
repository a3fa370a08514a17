// Whether the store and the world outside it tell the same story.
#pragma once

#include <map>
#include <string>

#include "services/policy/store/store.h"
#include "tests/integration/policy/ledger.h"

namespace airlock::policy {

// What holds at every moment, also right after a kill: all that anybody was
// told is in the store; each process was started once at most, with a START on
// record, with enough answers on record where it needs some or by a permission
// that has a use on record for each of its starts, never while its
// agent was frozen and never after the policy forbade it. Fails the test where
// it does not.
void CheckWhatWasTold(Store& store, const Ledger& ledger);

// What holds when a life is over: everything has come to one end, which is what
// became of its process, and the audit at `path` has one record of each step
// and its chain unbroken.
void CheckWhatIsLeft(Store& store, const Ledger& ledger,
                     const std::string& path);

// How each execution ended, by "<agent>/<request id>": "EXITED" and the like
// where it was to be started, else its state.
std::map<std::string, std::string> EndsIn(Store& store);

}  // namespace airlock::policy
