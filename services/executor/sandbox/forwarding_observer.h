// A process's observer that looks at its end only.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// Passes everything on as it comes but the end, which is left to who derives
// from it.
class ForwardingObserver : public ProcessObserver {
 public:
  void OnStarted() final { observer_->OnStarted(); }
  void OnOutput(Stream stream, absl::string_view data) final {
    observer_->OnOutput(stream, data);
  }
  void OnInputCredit(std::uint64_t limit_bytes) final {
    observer_->OnInputCredit(limit_bytes);
  }

 protected:
  explicit ForwardingObserver(std::shared_ptr<ProcessObserver> observer)
      : observer_(std::move(observer)) {}

  const std::shared_ptr<ProcessObserver>& observer() const { return observer_; }

 private:
  const std::shared_ptr<ProcessObserver> observer_;
};

}  // namespace airlock::executor
