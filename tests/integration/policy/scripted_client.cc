#include "tests/integration/policy/scripted_client.h"

#include <utility>

#include "common/security/digest.h"

namespace airlock::policy {

using airlock::v1::Approval;
using airlock::v1::ExecutionEvent;

void ScriptedClient::Send(ExecutionEvent event) {
  if (event.has_accepted()) id_ = event.accepted().id();
  if (event.has_approval()) {
    ledger_.Write({"told", event.approval().id(),
                   Approval::State_Name(event.approval().state())});
  }
  dispatcher_.Written(watcher_);
}

void ScriptedClient::SendLast(ExecutionEvent event) {
  ended_ = std::move(*event.mutable_completed());
  ledger_.Write(
      {"ended", ended_->id(), HexEncode(ended_->SerializeAsString())});
}

}  // namespace airlock::policy
