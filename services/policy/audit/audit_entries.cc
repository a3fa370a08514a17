#include "services/policy/audit/audit_entries.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/json/canonical_json.h"
#include "common/json/enum_word.h"
#include "common/json/json_writer.h"
#include "common/security/digest.h"
#include "common/time/proto_time.h"
#include "services/policy/audit/entry_parts.h"
#include "services/policy/audit/payload_json.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::StoredStream;
using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::AuditRecord;
using airlock::v1::Decision;
using airlock::v1::Execution;
using airlock::v1::Outcome;
using airlock::v1::Session;

void FillFrom(const Execution& execution, AuditRecord& record) {
  record.set_agent(execution.agent());
  record.set_execution_id(execution.id());
  record.set_approval_id(execution.approval_id());
  record.set_session(execution.session());
  record.set_action_kind(execution.action_kind());
  record.set_rule(RecordText(execution.decision().rule()));
  record.set_digest(execution.digest());
}

void FillFrom(const Approval& approval, AuditRecord& record) {
  record.set_agent(approval.agent());
  record.set_execution_id(approval.execution_id());
  record.set_approval_id(approval.id());
  record.set_session(approval.session());
  record.set_action_kind(approval.action_kind());
  record.set_rule(RecordText(approval.rule()));
  record.set_digest(approval.digest());
}

void FillFrom(const Session& session, AuditRecord& record) {
  record.set_agent(session.agent());
  record.set_session(session.name());
}

void WriteMessage(absl::string_view key,
                  const google::protobuf::Message& message, JsonWriter& json) {
  json.Key(key);
  WritePayloadMessage(message, json);
}

void WriteStream(absl::string_view key, const StoredStream& stream,
                 JsonWriter& json) {
  json.Key(key);
  json.BeginObject();
  json.Unsigned("bytes", stream.total_bytes());
  WriteOptional("sha256", HexEncode(stream.sha256()), json);
  json.EndObject();
}

// Who brought a final state about.
absl::string_view WhoEnded(const Approval& approval) {
  const bool answered = approval.state() == Approval::STATE_APPROVED ||
                        approval.state() == Approval::STATE_REJECTED;
  if (!answered || approval.answers().empty() ||
      approval.state_reason() == "DEFAULT_ACTION") {
    return kServiceActor;
  }
  return approval.answers().rbegin()->approver();
}

absl::string_view OrService(absl::string_view actor) {
  return actor.empty() ? kServiceActor : actor;
}

// "exited", or the state of what was not started.
std::string EndWord(const Execution& execution) {
  if (execution.state() == Execution::STATE_FINISHED) {
    return EnumWord(*Outcome::EndedBy_descriptor(),
                    execution.outcome().ended_by());
  }
  return EnumWord(*Execution::State_descriptor(), execution.state());
}

std::string EndReason(const Execution& execution) {
  if (execution.state() == Execution::STATE_FINISHED) {
    return execution.outcome().reason();
  }
  if (!execution.state_reason().empty()) return execution.state_reason();
  return execution.state() == Execution::STATE_DENIED
             ? execution.decision().reason()
             : "";
}

AuditEntry NewConfigEntry(absl::string_view outcome,
                          absl::string_view policy_version, absl::Time now) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_CONFIG,
                              ToProto(now), kServiceActor);
  entry.record.set_outcome(std::string(outcome));
  entry.record.set_policy_version(RecordText(policy_version));
  return entry;
}

}  // namespace

AuditEntry RequestEntry(const Execution& execution,
                        const airlock::v1::ExecuteRequest& request,
                        absl::string_view policy_version) {
  AuditEntry entry = NewEntry(
      airlock::v1::AUDIT_EVENT_TYPE_REQUEST, execution.create_time(),
      execution.asked_by().empty() ? execution.agent() : execution.asked_by());
  FillFrom(execution, entry.record);
  const Decision& decision = execution.decision();
  entry.record.set_outcome(
      EnumWord(*Decision::Effect_descriptor(), decision.effect()));
  entry.record.set_reason(RecordText(decision.reason()));
  entry.record.set_policy_version(RecordText(policy_version));
  entry.payload = Payload([&](JsonWriter& json) {
    WriteOptional("explanation", decision.explanation(), json);
    WriteMessage("request", request, json);
  });
  return entry;
}

AuditEntry ApprovalAskedEntry(const Approval& approval,
                              absl::string_view policy_version) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ASKED,
                              approval.create_time(), kServiceActor);
  FillFrom(approval, entry.record);
  entry.record.set_outcome("pending");
  entry.record.set_policy_version(RecordText(policy_version));
  entry.payload = Payload([&](JsonWriter& json) {
    WriteOptional("channel", approval.channel(), json);
    json.Key("approvers");
    json.BeginArray();
    for (const std::string& approver : approval.approvers()) {
      json.Text(approver);
    }
    json.EndArray();
    json.Unsigned("requiredApprovals", approval.required_approvals());
    json.Text("deadline", absl::FormatTime(FromProto(approval.deadline()),
                                           absl::UTCTimeZone()));
    json.Bool("approveOnTimeout", approval.approve_on_timeout());
    WriteOptional("summary", approval.summary(), json);
  });
  return entry;
}

AuditEntry ApprovalAnsweredEntry(const Approval& approval,
                                 const ApprovalAnswer& answer) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ANSWERED,
                              answer.time(), answer.approver());
  FillFrom(approval, entry.record);
  entry.record.set_outcome(
      EnumWord(*ApprovalAnswer::Answer_descriptor(), answer.answer()));
  entry.payload = Payload([&](JsonWriter& json) {
    WriteOptional("person", answer.person(), json);
    WriteOptional("comment", answer.comment(), json);
  });
  return entry;
}

AuditEntry ApprovalEndedEntry(const Approval& approval,
                              absl::string_view actor) {
  AuditEntry entry =
      NewEntry(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ENDED,
               approval.end_time(), actor.empty() ? WhoEnded(approval) : actor);
  FillFrom(approval, entry.record);
  entry.record.set_outcome(
      EnumWord(*Approval::State_descriptor(), approval.state()));
  entry.record.set_reason(RecordText(approval.state_reason()));
  return entry;
}

AuditEntry StartEntry(const Execution& execution, absl::string_view executor_id,
                      absl::string_view grant_claims,
                      absl::string_view policy_version) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_START,
                              execution.start_time(), kServiceActor);
  FillFrom(execution, entry.record);
  entry.record.set_outcome("started");
  entry.record.set_policy_version(RecordText(policy_version));
  entry.payload = Payload([&](JsonWriter& json) {
    WriteOptional("executorId", executor_id, json);
    WriteOptional("backend", execution.backend(), json);
    WriteOptional("image", execution.image(), json);
    json.Unsigned("sessionGeneration", execution.session_generation());
    json.Text("grantSha256", ToHex(Sha256(grant_claims)));
    WriteOptional("standingApproval", execution.standing_approval_id(), json);
  });
  return entry;
}

AuditEntry EndEntry(const Execution& execution,
                    const airlock::internal::v1::StoredOutput* output,
                    absl::string_view actor) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_END,
                              execution.end_time(), OrService(actor));
  FillFrom(execution, entry.record);
  entry.record.set_outcome(EndWord(execution));
  entry.record.set_reason(RecordText(EndReason(execution)));
  entry.payload = Payload([&](JsonWriter& json) {
    WriteOptional("executorId", execution.executor_id(), json);
    WriteOptional("message", execution.state_message(), json);
    if (execution.has_outcome()) {
      WriteMessage("outcome", execution.outcome(), json);
    }
    if (output != nullptr) {
      WriteStream("stdout", output->stdout(), json);
      WriteStream("stderr", output->stderr(), json);
    }
  });
  return entry;
}

AuditEntry SessionOpenedEntry(const Session& session,
                              absl::string_view policy_version) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_SESSION_OPENED,
                              session.create_time(), session.agent());
  FillFrom(session, entry.record);
  entry.record.set_outcome("open");
  entry.record.set_policy_version(RecordText(policy_version));
  entry.payload = Payload([&](JsonWriter& json) {
    json.Text("sessionId", session.id());
    json.Bool("parallel", session.parallel());
    WriteOptional("image", session.image(), json);
  });
  return entry;
}

AuditEntry SessionEndedEntry(const Session& session, absl::string_view actor) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_SESSION_ENDED,
                              session.end_time(), OrService(actor));
  FillFrom(session, entry.record);
  entry.record.set_outcome(
      EnumWord(*Session::State_descriptor(), session.state()));
  entry.record.set_reason(RecordText(session.state_reason()));
  entry.payload = Payload([&](JsonWriter& json) {
    json.Text("sessionId", session.id());
    json.Unsigned("generation", session.generation());
    WriteOptional("executorId", session.executor_id(), json);
  });
  return entry;
}

AuditEntry ConfigAppliedEntry(absl::string_view policy_version,
                              absl::string_view config_json, absl::Time now) {
  AuditEntry entry = NewConfigEntry("applied", policy_version, now);
  entry.payload = Payload([&](JsonWriter& json) {
    const std::optional<std::string> config = CanonicalJson(config_json);
    if (config.has_value() && config->size() <= kPayloadBudgetBytes) {
      json.Key("config");
      json.Raw(*config);
    } else {
      // It can still be told whether a file is the one that was in force.
      json.Unsigned("configBytes", config_json.size());
      json.Text("configSha256", ToHex(Sha256(config_json)));
    }
  });
  return entry;
}

AuditEntry ConfigRefusedEntry(absl::string_view policy_version,
                              absl::string_view error, absl::Time now) {
  AuditEntry entry = NewConfigEntry("refused", policy_version, now);
  entry.payload =
      Payload([&](JsonWriter& json) { WriteOptional("error", error, json); });
  return entry;
}

AuditEntry FreezeEntry(absl::string_view actor, absl::string_view agent,
                       bool frozen, bool kill, absl::string_view comment,
                       absl::Time now) {
  AuditEntry entry =
      NewEntry(airlock::v1::AUDIT_EVENT_TYPE_FREEZE, ToProto(now), actor);
  entry.record.set_agent(RecordText(agent));
  entry.record.set_outcome(frozen ? "frozen" : "thawed");
  entry.payload = Payload([&](JsonWriter& json) {
    json.Bool("kill", kill);
    WriteOptional("comment", comment, json);
  });
  return entry;
}

AuditEntry ServiceEntry(ServiceEvent event, absl::string_view version,
                        absl::string_view policy_version, absl::Time now) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_SERVICE,
                              ToProto(now), kServiceActor);
  entry.record.set_outcome(event == ServiceEvent::kStarted ? "started"
                                                           : "stopped");
  entry.record.set_policy_version(RecordText(policy_version));
  entry.payload = Payload(
      [&](JsonWriter& json) { WriteOptional("version", version, json); });
  return entry;
}

AuditEntry LateReportEntry(absl::string_view execution_id,
                           absl::string_view executor_id,
                           Outcome::EndedBy ended_by, absl::Time now) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_LATE_REPORT,
                              ToProto(now), kServiceActor);
  entry.record.set_execution_id(RecordText(execution_id));
  entry.record.set_outcome(EnumWord(*Outcome::EndedBy_descriptor(), ended_by));
  entry.payload = Payload([&](JsonWriter& json) {
    WriteOptional("executorId", executor_id, json);
  });
  return entry;
}

}  // namespace airlock::policy
