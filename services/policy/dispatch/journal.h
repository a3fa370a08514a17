// Writes down what happens, together with its place in the audit.
#pragma once

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/concurrency/serializer.h"
#include "services/policy/dispatch/execution.h"
#include "services/policy/policy_metrics.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// The way from the dispatcher's serializer to the store and back. Not
// thread-safe: lives inside `serializer`. All must outlive it.
class Journal {
 public:
  Journal(Serializer& serializer, Store& store, PolicyMetrics& metrics)
      : serializer_(serializer), store_(store), metrics_(metrics) {}

  using Done = std::function<void(const absl::Status&)>;

  // `done` is called inside the serializer, when all of it is durable or
  // nothing of it was written. Transactions are written in the order in which
  // they come here.
  void Commit(Transaction transaction, Done done);

  // The same where nobody waits: what cannot be written is logged.
  void Note(Transaction transaction);

  // UNAVAILABLE while the store cannot write: no new work then, because neither
  // its start nor its end could be recorded.
  absl::Status CheckWritable() const;

  // Tries, while the store could not write, whether it can again.
  void Tick(absl::Duration now);

  // The store is about to go: what comes from now on is not written. Those who
  // wait for it are told so.
  void Close() { closed_ = true; }

  // Puts an execution as it is now into `transaction`: the first time with its
  // spec and with what the audit says of its request.
  static void Add(Execution& execution, Transaction& transaction);

  // The transaction with the first Add() of it was not written.
  static void TakeBack(Execution& execution) { execution.recorded = false; }

 private:
  void Count(const std::vector<airlock::v1::AuditEventType>& types,
             bool recorded);
  void NoteHealth(const absl::Status& status);

  Serializer& serializer_;
  Store& store_;
  PolicyMetrics& metrics_;
  // The last transaction's, where that says something of the store.
  absl::Status health_;
  bool probing_ = false;
  absl::Duration next_probe_;
  bool closed_ = false;
};

}  // namespace airlock::policy
