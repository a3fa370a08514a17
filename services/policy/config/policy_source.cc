#include "services/policy/config/policy_source.h"

#include <google/protobuf/util/message_differencer.h>

#include <utility>

#include "absl/strings/str_join.h"
#include "common/config/config_writer.h"
#include "common/logging/log.h"
#include "services/policy/config/policy_version.h"

namespace airlock::policy {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

bool SameField(const Message& left, const Message& right,
               const FieldDescriptor& field) {
  const bool has = left.GetReflection()->HasField(left, &field);
  if (has != right.GetReflection()->HasField(right, &field)) return false;
  if (!has) return true;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return MessageDifferencer::Equals(
        left.GetReflection()->GetMessage(left, &field),
        right.GetReflection()->GetMessage(right, &field));
  }
  // The others that are asked about are texts.
  return left.GetReflection()->GetString(left, &field) ==
         right.GetReflection()->GetString(right, &field);
}

void AddChanged(const Message& old_section, const Message& new_section,
                const std::string& prefix,
                const std::vector<const char*>& fields,
                std::vector<std::string>& changed) {
  for (const char* name : fields) {
    const FieldDescriptor* field =
        old_section.GetDescriptor()->FindFieldByName(name);
    if (!SameField(old_section, new_section, *field)) {
      changed.push_back(prefix + field->json_name());
    }
  }
}

// What only services that start look at: their own sections, and what an
// executor makes of `sandbox` before anybody asks for one.
std::vector<std::string> NeedRestart(const config::v1::Config& started_with,
                                     const config::v1::Config& now) {
  std::vector<std::string> changed;
  AddChanged(started_with.sandbox(), now.sandbox(), "sandbox.",
             {"backend", "ssh", "warm_pool"}, changed);
  AddChanged(started_with, now, "", {"gateway", "policy", "executor"}, changed);
  return changed;
}

std::shared_ptr<const LoadedPolicy> Load(
    std::shared_ptr<const Contract> contract, const config::v1::Config& config,
    absl::Time now) {
  return std::make_shared<const LoadedPolicy>(
      LoadedPolicy{std::move(contract), PolicyVersionOf(config), now,
                   WriteConfigJson(DecidingSections(config))});
}

void LogReload(const PolicyReload& reload, const ProblemList& problems) {
  for (const ConfigProblem& problem : problems.problems()) {
    const auto log = problem.is_warning ? LogWarning : LogError;
    log("configuration problem",
        {{"key", problem.path}, {"problem", problem.message}});
  }
  if (!reload.status.ok()) {
    LogWarning("policy not reloaded, the old one stays",
               {{"policy_version", reload.version}});
    return;
  }
  LogInfo("policy reloaded", {{"policy_version", reload.version},
                              {"old_policy_version", reload.old_version}});
  if (!reload.need_restart.empty()) {
    LogWarning("changed settings need a restart",
               {{"keys", absl::StrJoin(reload.need_restart, ", ")}});
  }
}

}  // namespace

PolicySource::PolicySource(config::v1::Config config,
                           std::shared_ptr<const Contract> contract,
                           ConfigSource source, Listener listener,
                           const Clock& clock)
    : started_with_(std::move(config)),
      source_(std::move(source)),
      listener_(std::move(listener)),
      clock_(clock) {
  if (!source_.path.empty()) watch_.emplace(source_.path, kSettle, clock_);
  absl::MutexLock lock(&mutex_);
  current_ = Load(std::move(contract), started_with_, clock_.Now());
}

std::shared_ptr<const LoadedPolicy> PolicySource::Current() const {
  absl::MutexLock lock(&mutex_);
  return current_;
}

std::string PolicySource::reload_error() const {
  absl::MutexLock lock(&mutex_);
  return reload_error_;
}

void PolicySource::Poll() {
  // Both are looked at: what was asked for serves a settled change too.
  const bool settled = watch_.has_value() && watch_->Settled();
  if (asked_.exchange(false) || settled) Reload().IgnoreError();
}

absl::Status PolicySource::Reload() {
  // Before reading: a change while reading is one more to be told of.
  if (watch_.has_value()) watch_->Skip();
  const PolicyReload reload = ReadAgain();
  if (listener_) listener_(reload);
  return reload.status;
}

PolicyReload PolicySource::ReadAgain() {
  const std::shared_ptr<const LoadedPolicy> old = Current();
  PolicyReload reload;
  reload.old_version = old->version;
  reload.version = old->version;
  ConfigReading reading;
  std::shared_ptr<const Contract> contract;
  if (!source_.read) {
    reload.status = absl::FailedPreconditionError(
        "this process has no configuration file to read again");
  } else {
    reading = source_.read();
    contract = ContractFromConfig(reading.config, reading.problems);
    reload.status = reading.problems.ToStatus();
  }
  if (reload.status.ok()) {
    reload.version = PolicyVersionOf(reading.config);
    reload.need_restart = NeedRestart(started_with_, reading.config);
    // Nothing else decides: with an equal version the old one stays in force,
    // and so does the time it has been.
    if (reload.version != old->version) {
      Replace(Load(std::move(contract), reading.config, clock_.Now()));
    }
  }
  {
    absl::MutexLock lock(&mutex_);
    reload_error_ = std::string(reload.status.message());
  }
  LogReload(reload, reading.problems);
  return reload;
}

void PolicySource::Replace(std::shared_ptr<const LoadedPolicy> policy) {
  absl::MutexLock lock(&mutex_);
  // The one that was in force goes after the lock does: others may hold it.
  current_.swap(policy);
}

}  // namespace airlock::policy
