#include "services/executor/dispatch/status_teller.h"

#include <utility>

namespace airlock::executor {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);

}  // namespace

bool StatusTeller::TakeDue(const internal::v1::ExecutorStatus& status,
                           absl::Duration now) {
  if (told_at_.has_value() && now - *told_at_ < kInterval) return false;
  std::string text = status.SerializeAsString();
  if (told_at_.has_value() && text == told_) return false;
  told_at_ = now;
  told_ = std::move(text);
  return true;
}

}  // namespace airlock::executor
