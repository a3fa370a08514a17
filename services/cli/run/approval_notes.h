// What who waits for an approval is told.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "airlock/v1/approval.pb.h"

namespace airlock::cli {

// Lines about one execution's approval: that it is asked, of whom, until when
// and how it is answered; then each answer. Nothing is told twice, though
// events come again when a stream was attached again. Not thread-safe.
class ApprovalNotes {
 public:
  // The lines that are new with `approval`. Untrusted text is escaped.
  std::vector<std::string> Take(const airlock::v1::Approval& approval,
                                absl::Time now);

 private:
  // Of the approval that was told last.
  std::string id_;
  int told_answers_ = 0;
  bool told_end_ = false;
};

}  // namespace airlock::cli
