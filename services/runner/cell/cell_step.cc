#include "services/runner/cell/cell_step.h"

#include <cstring>

namespace airlock::runner {

void FailStep(std::string_view step, std::string_view advice) {
  std::string text = std::string(step) + ": " + std::strerror(errno);
  if (!advice.empty()) text.append("; ").append(advice);
  throw StepFailed(text);
}

int CheckStep(int returned, std::string_view step, std::string_view advice) {
  if (returned < 0) FailStep(step, advice);
  return returned;
}

}  // namespace airlock::runner
