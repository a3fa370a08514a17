#include "services/policy/dispatch/execution_id.h"

#include "common/security/sortable_id.h"

namespace airlock::policy {

std::string NewExecutionId(absl::Time now) { return NewSortableId(now); }

bool IsExecutionId(absl::string_view text) { return IsSortableId(text); }

}  // namespace airlock::policy
