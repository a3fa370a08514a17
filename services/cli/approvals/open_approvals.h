// The approvals that are pending, as far as a watcher was told.
#pragma once

#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "airlock/v1/approval.pb.h"

namespace airlock::cli {

// Tells news from what was told before, over as many streams as it takes. Holds
// what is pending and no more. Not thread-safe.
class OpenApprovals {
 public:
  // Everything pending is about to be told again: a stream begins.
  void BeginTelling();

  // Takes in what was told. Whether it is news: an approval that was not known,
  // or has changed.
  bool Update(const airlock::v1::Approval& approval);

  // Everything pending was told: the ids of those that were pending before and
  // are not any more, without anybody having said how they ended. They are
  // pending still, here, until Update() or Forget() says otherwise.
  std::vector<std::string> EndTelling() const;

  void Forget(const std::string& id);

 private:
  absl::btree_map<std::string, airlock::v1::Approval> pending_;
  // Those of `pending_` that this stream has told.
  absl::flat_hash_set<std::string> told_;
};

}  // namespace airlock::cli
