#include "tests/integration/policy/scripted_executor.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "airlock/internal/v1/spec.pb.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectRequest;
using airlock::internal::v1::ConnectResponse;
using airlock::v1::Outcome;

constexpr char kId[] = "ex-1";

std::string NonceOf(int boot) {
  return std::string(16, static_cast<char>('a' + boot));
}

// The fence of a message is that of the job.
template <typename Message>
void Address(Message* message, const std::string& id, std::uint64_t fence) {
  message->set_execution_id(id);
  message->set_fence(fence);
}

}  // namespace

std::string OutputOf(const std::string& execution_id) {
  return "output of " + execution_id;
}

ScriptedExecutor::ScriptedExecutor(Dispatcher& dispatcher, Ledger& ledger)
    : dispatcher_(dispatcher), ledger_(ledger) {
  Remember();
}

void ScriptedExecutor::Restart(Ledger& ledger) { ledger.Write({"boot"}); }

void ScriptedExecutor::Remember() {
  for (const Ledger::Line& line : ledger_.Read()) {
    const std::string& verb = line[0];
    if (verb == "boot") {
      ++boot_;
      jobs_.clear();
      sessions_.clear();
    } else if (verb == "job") {
      jobs_[line[1]] = Job();
      EXPECT_TRUE(absl::SimpleAtoi(line[2], &jobs_[line[1]].fence));
    } else if (verb == "start") {
      jobs_[line[1]].started = true;
    } else if (verb == "over") {
      jobs_[line[1]].ended_by = line[2];
    } else if (verb == "forget") {
      jobs_.erase(line[1]);
    } else if (verb == "session") {
      sessions_.insert(line[1]);
    } else if (verb == "remove") {
      sessions_.erase(line[1]);
    }
  }
}

void ScriptedExecutor::Say(ConnectRequest message) {
  dispatcher_.OnMessage(link_, shared_from_this(), std::move(message));
}

void ScriptedExecutor::Connect() {
  link_ = dispatcher_.NewLink();
  ConnectRequest message;
  airlock::internal::v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol_version(1);
  hello.set_executor_id(kId);
  hello.set_boot_nonce(NonceOf(boot_));
  hello.set_backend("docker");
  hello.set_version("1.2.3");
  hello.set_slots(100);
  hello.set_session_slots(100);
  hello.add_images()->set_reference("airlock/sandbox:latest");
  for (const auto& [id, job] : jobs_) {
    airlock::internal::v1::HeldJob& held = *hello.add_held_jobs();
    Address(&held, id, job.fence);
    held.set_started(job.started);
  }
  for (const std::string& id : sessions_) hello.add_held_sessions(id);
  Say(std::move(message));
}

void ScriptedExecutor::GiveCredit() {
  ConnectRequest message;
  message.mutable_start_credit()->set_starts(1);
  Say(std::move(message));
}

void ScriptedExecutor::SayHeartbeat() {
  ConnectRequest message;
  message.mutable_heartbeat()->set_sequence(1);
  Say(std::move(message));
}

void ScriptedExecutor::Send(ConnectResponse message) {
  switch (message.message_case()) {
    case ConnectResponse::kJob:
      OnJob(message.job());
      return;
    case ConnectResponse::kGrant:
      OnGrant(message.grant());
      return;
    case ConnectResponse::kCancelJob: {
      const auto found = jobs_.find(message.cancel_job().execution_id());
      if (found != jobs_.end()) found->second.told_to_end = true;
      return;
    }
    case ConnectResponse::kEndAck:
      ledger_.Write({"forget", message.end_ack().execution_id()});
      jobs_.erase(message.end_ack().execution_id());
      return;
    case ConnectResponse::kEndSession:
      ledger_.Write({"remove", message.end_session().session_id()});
      sessions_.erase(message.end_session().session_id());
      return;
    default:
      return;
  }
}

void ScriptedExecutor::Close(const absl::Status& /*status*/) {
  // The service ends; whoever lives on opens another link.
}

void ScriptedExecutor::OnJob(const airlock::internal::v1::Job& job) {
  airlock::internal::v1::ExecutionSpec spec;
  EXPECT_TRUE(spec.ParseFromString(job.spec()));
  EXPECT_EQ(jobs_.count(job.execution_id()), 0U) << "it has that job";
  if (!spec.session().empty() && sessions_.insert(spec.session()).second) {
    EXPECT_TRUE(job.opens_session());
    ledger_.Write({"session", spec.session()});
  }
  ledger_.Write({"job", job.execution_id(), absl::StrCat(job.fence())});
  Job held;
  held.fence = job.fence();
  jobs_[job.execution_id()] = held;
  if (job.has_grant()) OnGrant(job.grant());
}

void ScriptedExecutor::OnGrant(const airlock::internal::v1::Grant& grant) {
  airlock::internal::v1::GrantClaims claims;
  ASSERT_TRUE(claims.ParseFromString(grant.claims()));
  const auto found = jobs_.find(grant.execution_id());
  ASSERT_NE(found, jobs_.end()) << "a grant for what it does not have";
  EXPECT_EQ(claims.fence(), found->second.fence);
  EXPECT_EQ(claims.boot_nonce(), NonceOf(boot_));
  ledger_.Write({"start", grant.execution_id()});
  found->second.started = true;
}

void ScriptedExecutor::SayReady() {
  for (auto& [id, job] : jobs_) {
    if (!job.said_ready && !job.started) SayJobReady(id, job);
  }
}

void ScriptedExecutor::SayJobReady(const std::string& id, Job& job) {
  job.said_ready = true;
  ConnectRequest message;
  Address(message.mutable_job_ready(), id, job.fence);
  Say(std::move(message));
}

bool ScriptedExecutor::Act() {
  for (auto& [id, job] : jobs_) {
    // What it says may be answered, and that changes what it has.
    if (ActOn(id, job)) return true;
  }
  return false;
}

bool ScriptedExecutor::ActOn(const std::string& id, Job& job) {
  if (!job.ended_by.empty()) {
    if (!job.owes_end) return false;
    if (job.started && job.owes_output) SayOutput(id, job);
    SayEnded(id, job);
  } else if (job.told_to_end) {
    End(id, job, job.started ? "CANCELLED" : "NOT_STARTED");
  } else if (job.started && job.owes_output) {
    SayOutput(id, job);
  } else if (job.started) {
    End(id, job, "EXITED");
  } else if (!job.said_ready) {
    SayJobReady(id, job);
  } else {
    return false;
  }
  return true;
}

void ScriptedExecutor::SayOutput(const std::string& id, Job& job) {
  job.owes_output = false;
  ConnectRequest message;
  airlock::internal::v1::Output& output = *message.mutable_output();
  Address(&output, id, job.fence);
  output.mutable_chunk()->set_stream(airlock::v1::OUTPUT_STREAM_STDOUT);
  output.mutable_chunk()->set_data(OutputOf(id));
  Say(std::move(message));
}

void ScriptedExecutor::End(const std::string& id, Job& job,
                           const std::string& ended_by) {
  ledger_.Write({"over", id, ended_by});
  job.ended_by = ended_by;
  SayEnded(id, job);
}

void ScriptedExecutor::SayEnded(const std::string& id, Job& job) {
  job.owes_end = false;
  Outcome::EndedBy ended_by = Outcome::ENDED_BY_UNSPECIFIED;
  EXPECT_TRUE(Outcome::EndedBy_Parse("ENDED_BY_" + job.ended_by, &ended_by));
  ConnectRequest message;
  airlock::internal::v1::JobEnded& ended = *message.mutable_job_ended();
  Address(&ended, id, job.fence);
  ended.mutable_outcome()->set_ended_by(ended_by);
  if (job.started) {
    ended.mutable_outcome()->mutable_usage()->set_stdout_bytes(
        OutputOf(id).size());
  }
  // Last: the job may be gone when this returns.
  Say(std::move(message));
}

}  // namespace airlock::policy
