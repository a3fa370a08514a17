// Whether a file action is one that could be done.
#pragma once

#include "airlock/v1/action.pb.h"
#include "common/status/error.h"

namespace airlock::policy {

// Whether it is file_read, file_list, file_write or file_delete.
bool IsFileAction(const airlock::v1::Action& action);

// Adds a violation for each field of a file action that is wrong.
void CheckFileAction(const airlock::v1::Action& action,
                     FieldViolations& violations);

}  // namespace airlock::policy
