// All that can happen between agents, humans and the policy service.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "airlock/v1/approval.pb.h"
#include "tests/integration/policy/ledger.h"
#include "tests/integration/policy/scripted_client.h"
#include "tests/integration/policy/scripted_executor.h"
#include "tests/integration/policy/service.h"

namespace airlock::policy {

// Goes through one life: questions with one and with two answers, a rejection,
// a permission for one start that two want, a session, cancellations, freezes,
// a change of the policy, a deadline and a sweep. Lived over what is left of
// one that was cut short, it does the same again, as agents and humans do that
// ask until they hear: with the same ids.
//
// Whoever is told something writes that down before anything else comes of it.
class Life {
 public:
  // All must outlive it. The service has begun.
  Life(Service& service, Ledger& ledger);
  ~Life();

  void Live();

 private:
  using Client = std::shared_ptr<ScriptedClient>;
  struct Reply {
    std::string approver;
    airlock::v1::ApprovalAnswer::Answer answer;
  };

  void LiveApproval();
  void LiveQuorum();
  void LiveRejection();
  void LivePermission();
  void LiveSession();
  void LiveCancellations();
  void LiveFreezes();
  void LivePolicyChange();
  void LiveDeadline();
  void LiveSweep();

  // Asks for it, or attaches to it. Code asks a human, a command does not.
  Client Code(const std::string& agent, const std::string& request_id);
  Client Command(const std::string& agent, const std::string& request_id,
                 const std::string& session = "");
  Client Send(const std::string& agent,
              const airlock::v1::ExecuteRequest& request);
  // Until it has ended, with these answers to its question.
  void Finish(const Client& client, const std::vector<Reply>& replies = {});
  // The executor can take one more, if that is wanted.
  void Offer(const ScriptedClient& client);
  void Answer(const ScriptedClient& client, const std::vector<Reply>& replies);
  void Decide(const airlock::v1::Approval& approval, const Reply& reply);
  std::vector<airlock::v1::Approval> PendingOf(const ScriptedClient& client);
  // What it asks is permitted once more.
  void Permit(const ScriptedClient& client);
  void Cancel(const Client& client);
  void Freeze();
  void Thaw();
  // This comes after START was given to the store and before it is durable.
  void WhileStarting(const std::function<void()>& action);
  void FinishInSession(const std::string& request_id);
  void CreateSession();
  void Pass(absl::Duration by);
  void Act();
  void Settle() { service_.store().WaitUntilQuiet(); }

  Service& service_;
  Ledger& ledger_;
  const std::shared_ptr<ScriptedExecutor> executor_;
  // Streams stay as long as the service.
  std::vector<Client> clients_;
};

}  // namespace airlock::policy
