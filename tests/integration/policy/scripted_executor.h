// An executor that lives on when the policy service is killed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "airlock/internal/v1/executor_link.pb.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/dispatch/executor_channel.h"
#include "tests/integration/policy/ledger.h"

namespace airlock::policy {

// What a process writes to its standard output.
std::string OutputOf(const std::string& execution_id);

// Does what it is told, one step at a time, and is naive: it starts
// whatever it gets a grant for, so that a grant too many is a start too many.
// All it does is in the ledger before it does it, and that is its memory: one
// that is made anew over the same ledger goes on as the same boot.
//
// Send() is called inside the dispatcher's serializer; all else only while
// nothing is under way there.
class ScriptedExecutor final
    : public ExecutorChannel,
      public std::enable_shared_from_this<ScriptedExecutor> {
 public:
  // Both must outlive it.
  ScriptedExecutor(Dispatcher& dispatcher, Ledger& ledger);

  // It was started anew, and nothing is left of what the one before held.
  static void Restart(Ledger& ledger);

  // Opens a link, with all it still holds.
  void Connect();
  void GiveCredit();
  void SayHeartbeat();
  // One step of one job: ready, some output, its end. False: there is nothing
  // left to do.
  bool Act();
  // All that are not ready are, while the store holds back what comes of it.
  void SayReady();

  void Send(airlock::internal::v1::ConnectResponse message) override;
  void Close(const absl::Status& status) override;

 private:
  struct Job {
    std::uint64_t fence = 0;
    bool started = false;
    bool said_ready = false;
    bool told_to_end = false;
    // How; empty: it has not.
    std::string ended_by;
    // What was not said on this link.
    bool owes_output = true;
    bool owes_end = true;
  };

  void Remember();
  void OnJob(const airlock::internal::v1::Job& job);
  void OnGrant(const airlock::internal::v1::Grant& grant);
  void SayJobReady(const std::string& id, Job& job);
  void SayOutput(const std::string& id, Job& job);
  void SayEnded(const std::string& id, Job& job);
  void End(const std::string& id, Job& job, const std::string& ended_by);
  bool ActOn(const std::string& id, Job& job);
  void Say(airlock::internal::v1::ConnectRequest message);

  Dispatcher& dispatcher_;
  Ledger& ledger_;
  // How often it was restarted.
  int boot_ = 0;
  LinkId link_ = 0;
  // By the id of its execution.
  std::map<std::string, Job> jobs_;
  std::set<std::string> sessions_;
};

}  // namespace airlock::policy
