// What an operator has stopped from starting.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/policy.pb.h"
#include "common/time/clock.h"
#include "services/policy/dispatch/journal.h"

namespace airlock::policy {

// Freezes hold from the call on, and over restarts once that is recorded; a
// thaw holds only when it is recorded. Not thread-safe: lives inside the
// dispatcher's serializer. All must outlive it.
class Freezer {
 public:
  Freezer(const Clock& clock, Journal& journal, PolicyMetrics& metrics)
      : clock_(clock), journal_(journal), metrics_(metrics) {}

  bool IsFrozen(absl::string_view agent) const {
    return !freezes_.empty() &&
           (freezes_.count("") > 0 || freezes_.count(agent) > 0);
  }

  using Done = std::function<void(const absl::Status&)>;
  // UNAVAILABLE: it could not be recorded. A freeze holds all the same.
  void Freeze(const std::string& actor,
              const airlock::v1::FreezeRequest& request, const Done& done);
  void Thaw(const std::string& actor, const airlock::v1::ThawRequest& request,
            const Done& done);

  // What is frozen, everyone first.
  std::vector<airlock::v1::FreezeState> List() const;

  // The name of the setting it is kept under, and what stood there.
  static constexpr absl::string_view kSetting = "freezes";
  void Restore(const std::string& setting);

 private:
  using Freezes = std::map<std::string, airlock::v1::FreezeState, std::less<>>;

  static std::string ToSetting(const Freezes& freezes);
  void Remove(const Freezes& gone);

  const Clock& clock_;
  Journal& journal_;
  PolicyMetrics& metrics_;
  // By agent; "" is everyone.
  Freezes freezes_;
};

}  // namespace airlock::policy
