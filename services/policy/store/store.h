// Where executions are remembered.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"

namespace airlock::policy {

// What is remembered of one execution.
struct ExecutionRecord {
  // The public resource: state, decision, outcome, times.
  airlock::v1::Execution execution;
  // SHA-256 of the request it came from, so that a reused id is noticed.
  std::string request_hash;
  // To whom it was given: the boot and the fence of the job, once started.
  std::string boot_nonce;
  std::uint64_t fence = 0;
};

// A page of executions, newest first.
struct ExecutionPage {
  std::vector<airlock::v1::Execution> executions;
  // Empty: there are no more.
  std::string next_page_token;
};

// Which executions to list.
struct ExecutionQuery {
  // Empty: of all agents.
  std::string agent;
  int page_size = 50;
  std::string page_token;
};

// Remembers executions: a transaction in, a completion out, so that a writer
// can group commits.
//
// Thread-safe; nothing blocks. A completion may come from any thread, also
// before the call returns, and comes exactly once. Every execution is put at
// most twice: at START, before its process may start, and at END, before
// anybody is told its final state.
class Store {
 public:
  using PutDone = std::function<void(absl::Status)>;
  using FindDone =
      std::function<void(absl::StatusOr<std::optional<ExecutionRecord>>)>;
  using ListDone = std::function<void(absl::StatusOr<ExecutionPage>)>;

  virtual ~Store() = default;

  // Makes `record` durable. kFailedPrecondition: the execution is already in a
  // final state, which never changes.
  virtual void Put(ExecutionRecord record, PutDone done) = 0;

  // By execution id; empty if there is none.
  virtual void Find(absl::string_view id, FindDone done) = 0;

  // By the request an agent made; empty if there is none.
  virtual void FindRequest(absl::string_view agent,
                           absl::string_view request_id, FindDone done) = 0;

  // kInvalidArgument: the page token is not one of ours.
  virtual void List(const ExecutionQuery& query, ListDone done) = 0;
};

}  // namespace airlock::policy
