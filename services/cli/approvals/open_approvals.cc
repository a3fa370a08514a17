#include "services/cli/approvals/open_approvals.h"

#include <google/protobuf/util/message_differencer.h>

namespace airlock::cli {

using airlock::v1::Approval;
using google::protobuf::util::MessageDifferencer;

void OpenApprovals::BeginTelling() { told_.clear(); }

bool OpenApprovals::Update(const Approval& approval) {
  const auto known = pending_.find(approval.id());
  if (approval.state() != Approval::STATE_PENDING) {
    Forget(approval.id());
    return true;
  }
  told_.insert(approval.id());
  if (known == pending_.end()) {
    pending_.emplace(approval.id(), approval);
    return true;
  }
  if (MessageDifferencer::Equals(known->second, approval)) return false;
  known->second = approval;
  return true;
}

std::vector<std::string> OpenApprovals::EndTelling() const {
  std::vector<std::string> missing;
  for (const auto& [id, approval] : pending_) {
    if (!told_.contains(id)) missing.push_back(id);
  }
  return missing;
}

void OpenApprovals::Forget(const std::string& id) {
  pending_.erase(id);
  told_.erase(id);
}

}  // namespace airlock::cli
