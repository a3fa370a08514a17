// What clients were told of executions, held against what ran.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/e2e/faults/cluster.h"
#include "tests/support/transcript.h"

namespace airlock {

// What one client saw of one execution.
struct Seen {
  // What its process left in the file of runs.
  std::string mark;
  Transcript told;
};

// Holds what was seen against the cluster's file of runs, which no service
// writes: each ran at most once, ended in exactly one final state, which was
// told and kept alike, and that state is true. Not thread-safe.
class Ledger {
 public:
  // `cluster` must outlive it.
  explicit Ledger(const Cluster& cluster) : cluster_(cluster) {}

  // Fails the test where it does not hold.
  void Check(const Seen& seen);

  // How many ended by what; those that never started under their state.
  const std::map<std::string, int>& counts() const { return counts_; }
  int count(const std::string& end) const;
  // Writes the counts to the test's output and report.
  void Print() const;

 private:
  const Cluster& cluster_;
  std::map<std::string, int> counts_;
};

}  // namespace airlock
