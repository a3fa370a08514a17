// What the process itself uses.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

namespace airlock {

// The usual process_* metrics, read from /proc at each scrape, and
// airlock_build_info. Thread-safe. What cannot be read is left out.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace airlock
