// Where everything is remembered that a restart must not lose.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/stored.pb.h"
#include "airlock/v1/approval.pb.h"
#include "airlock/v1/audit.pb.h"
#include "airlock/v1/execution.pb.h"

namespace airlock::policy {

// What is remembered of one execution.
struct ExecutionRecord {
  // The public resource: state, decision, outcome, times.
  airlock::v1::Execution execution;
  // SHA-256 of the request it came from, so that a reused id is noticed.
  std::string request_hash;
  // The serialized ExecutionSpec: exactly what runs. Put once; later puts leave
  // it empty, which keeps what is there.
  std::string spec;
  // To whom it was given: the boot and the fence of the job, once started.
  std::string boot_nonce;
  std::uint64_t fence = 0;
  // What is kept of its output. Put with its end.
  std::optional<airlock::internal::v1::StoredOutput> output;
};

// What is remembered of one approval.
struct ApprovalRecord {
  // The public resource, without `view`.
  airlock::v1::Approval approval;
  // SHA-256 of what was asked for, the same for the same action in the same
  // circumstances: a rejection is remembered by it.
  std::string action_hash;
  // Rises by one with each put, from 1. A put whose revision is not the next
  // one is refused: somebody else was faster.
  std::uint64_t revision = 0;
};

// Something for the audit: the record without what the chain adds (sequence,
// writer, hashes), and its payload.
struct AuditEntry {
  airlock::v1::AuditRecord record;
  // JSON, or empty.
  std::string payload;
};

// All of it becomes durable, or nothing.
struct Transaction {
  std::vector<ExecutionRecord> executions;
  std::vector<ApprovalRecord> approvals;
  std::vector<airlock::internal::v1::StoredSession> sessions;
  // By name; an empty value removes it.
  std::vector<std::pair<std::string, std::string>> settings;
  // In the order of the chain.
  std::vector<AuditEntry> audit;
};

// What a service that starts has to go on with.
struct LiveState {
  // Executions that have not ended, with their specs, oldest first.
  std::vector<ExecutionRecord> executions;
  // Approvals that are pending.
  std::vector<ApprovalRecord> approvals;
  // Approvals that let one of `executions` start.
  std::vector<ApprovalRecord> approved;
  // Approvals that were rejected at `rejected_since` or later.
  std::vector<ApprovalRecord> rejected;
  // All sessions that are kept.
  std::vector<airlock::internal::v1::StoredSession> sessions;
  std::map<std::string, std::string> settings;
  // The store is older than what it was when it was last written to, or it
  // comes from a backup: what it takes for waiting or running may be long over.
  bool restored = false;
};

// A page of executions, newest first.
struct ExecutionPage {
  std::vector<airlock::v1::Execution> executions;
  // Empty: there are no more. A page may have fewer than were asked for, even
  // none, and a token: one call looks at a bounded number of executions.
  std::string next_page_token;
};

// Which executions to list. What is unset lets everything through.
struct ExecutionQuery {
  std::string agent;
  // Without those that somebody else had run for a look.
  bool by_agents_only = false;
  airlock::v1::ActionKind action_kind = airlock::v1::ACTION_KIND_UNSPECIFIED;
  airlock::v1::Execution::State state =
      airlock::v1::Execution::STATE_UNSPECIFIED;
  airlock::v1::Outcome::EndedBy ended_by =
      airlock::v1::Outcome::ENDED_BY_UNSPECIFIED;
  // Accepted at `from` or later, and before `to`.
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();
  // Stands in the action that was asked for, byte for byte.
  std::string text;
  int page_size = 50;
  std::string page_token;
};

// What is read of executions beyond themselves.
struct HistoryParts {
  bool specs = false;
  bool approvals = false;
};

// One execution, and what it came from.
struct ExecutionHistory {
  airlock::v1::Execution execution;
  // As in ExecutionRecord. Empty: it is not kept, or was not asked for.
  std::string spec;
  // The question that was asked about it, if there was one and it was asked
  // for.
  std::optional<ApprovalRecord> approval;
};

// A page of what was, newest first.
struct HistoryPage {
  std::vector<ExecutionHistory> executions;
  // As in ExecutionPage.
  std::string next_page_token;
};

// A page of approvals, newest first.
struct ApprovalPage {
  std::vector<airlock::v1::Approval> approvals;
  std::string next_page_token;
};

// Which approvals to list.
struct ApprovalQuery {
  std::string agent;
  // UNSPECIFIED: in any state.
  airlock::v1::Approval::State state = airlock::v1::Approval::STATE_UNSPECIFIED;
  int page_size = 50;
  std::string page_token;
};

// A page of the audit, newest first.
struct AuditPage {
  std::vector<airlock::v1::SealedAuditRecord> records;
  std::string next_page_token;
};

// Which records of the audit to list.
struct AuditQuery {
  airlock::v1::AuditFilter filter;
  int page_size = 50;
  std::string page_token;
};

// How far the audit's chain has come.
struct AuditHead {
  // The id of this store.
  std::string writer;
  // 0: there is no record.
  std::uint64_t sequence = 0;
  // 32 bytes.
  std::string hash;
};

// What is forgotten.
struct Retention {
  // Ended executions, their approvals and ended sessions that ended before.
  absl::Time executions_before = absl::InfinitePast();
  // Payloads of audit records that are older. The records themselves stay.
  absl::Time audit_payloads_before = absl::InfinitePast();
};

// Remembers: a transaction in, a completion out, so that a writer can group
// commits.
//
// Thread-safe; nothing blocks. A completion may come from any thread, also
// before the call returns, and comes exactly once. Transactions are applied in
// the order in which they came.
class Store {
 public:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;
  using CommitDone = std::function<void(absl::Status)>;
  using FindDone = Done<std::optional<ExecutionRecord>>;
  using ListDone = Done<ExecutionPage>;
  using FindApprovalDone = Done<std::optional<ApprovalRecord>>;

  virtual ~Store() = default;

  // Makes all of `transaction` durable. kFailedPrecondition, and nothing of it
  // is written: an execution or approval in it is already in a final state,
  // which never changes (reason ALREADY_FINAL), or a new execution comes from a
  // request that another one came from (REQUEST_ID_USED). kAborted: the
  // revision of an approval is not the next one (REVISION_CONFLICT).
  // UNAVAILABLE: the store cannot write now; nothing of it was written.
  virtual void Commit(Transaction transaction, CommitDone done) = 0;

  // What to go on with. Called once, before anything else.
  virtual void LoadLive(absl::Time rejected_since, Done<LiveState> done) = 0;

  // By execution id, with spec and output; empty if there is none.
  virtual void Find(absl::string_view id, FindDone done) = 0;

  // By the request an agent made; empty if there is none.
  virtual void FindRequest(absl::string_view agent,
                           absl::string_view request_id, FindDone done) = 0;

  // kInvalidArgument: the page token is not one of ours.
  virtual void List(const ExecutionQuery& query, ListDone done) = 0;

  // As List(), with more of each; what is read counts towards the page's size.
  // For who looks back over many: never in the way of what is about one.
  virtual void ReadHistory(const ExecutionQuery& query, HistoryParts parts,
                           Done<HistoryPage> done) = 0;

  // By approval id; empty if there is none.
  virtual void FindApproval(absl::string_view id, FindApprovalDone done) = 0;

  // As List().
  virtual void ListApprovals(const ApprovalQuery& query,
                             Done<ApprovalPage> done) = 0;

  // As List().
  virtual void ListAudit(const AuditQuery& query, Done<AuditPage> done) = 0;

  // The records from `first` on, in the order of the chain, at most `count`;
  // fewer if there are no more.
  virtual void ReadAudit(
      std::uint64_t first, int count,
      Done<std::vector<airlock::v1::SealedAuditRecord>> done) = 0;

  virtual void GetAuditHead(Done<AuditHead> done) = 0;

  // Forgets what is old, in steps that do not hold up commits for long. Never
  // what is live or pending, and no execution that ended less than a day ago:
  // its request may be asked for again.
  virtual void Forget(const Retention& retention, CommitDone done) = 0;
};

}  // namespace airlock::policy
