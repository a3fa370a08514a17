// The way of refused attempts to the audit, as a seam.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace airlock::gateway {

// Calls that were refused alike. No credential, nor a part of one, stands here.
struct RefusedAttempt {
  // A full name, such as "airlock.v1.ExecutionService.Execute".
  std::string method;
  // The reason of the error that was answered.
  std::string reason;
  // Who called; empty: not known.
  std::string principal;
  // Where from, without the port.
  std::string peer_address;
  // When the first of them came.
  absl::Time first_time;
  std::uint64_t count = 1;
};

// What is told at once.
struct RefusalReport {
  std::vector<RefusedAttempt> attempts;
  // Refused calls that nothing else tells of.
  std::uint64_t left_out = 0;

  bool empty() const { return attempts.empty() && left_out == 0; }
};

// Tells the policy service. Thread-safe.
class RefusalSender {
 public:
  virtual ~RefusalSender() = default;

  // Blocks until the report was taken, or until `deadline`. With an error it
  // may have been taken nevertheless.
  virtual absl::Status Send(const RefusalReport& report,
                            absl::Time deadline) = 0;
};

}  // namespace airlock::gateway
