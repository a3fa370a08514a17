// A family that has neighbours.
#pragma once

#include <cstdint>

#include "services/runner/family.h"
#include "services/runner/keepers.h"

namespace airlock::runner {

// Its keeper, a process that is the subreaper of all of it, starts and kills
// it. Whoever kills the keeper from inside ends the keeping: the family is
// lost, and that is told as OnGone(false).
class KeptFamily final : public Family, private KeeperListener {
 public:
  // Both must outlive this.
  KeptFamily(Keepers& keepers, FamilyListener& listener);
  ~KeptFamily() override;

  void Start(const LaunchPlan& plan) override;
  void Ask() override;
  void Kill() override;
  void LetLive() override;
  std::uint32_t leftovers() const override { return leftovers_; }
  std::uint64_t cpu_time_us() const override { return cpu_time_us_; }

 private:
  void OnReport(const KeeperReport& report) override;
  void OnKeeperGone() override;
  void Gone(bool provably);

  Keepers& keepers_;
  FamilyListener& listener_;
  pid_t keeper_ = -1;
  // Nothing more is heard of it.
  bool gone_ = false;
  bool provably_ = false;
  std::uint32_t leftovers_ = 0;
  std::uint64_t cpu_time_us_ = 0;
};

}  // namespace airlock::runner
