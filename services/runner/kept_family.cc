#include "services/runner/kept_family.h"

#include <string>

namespace airlock::runner {

KeptFamily::KeptFamily(Keepers& keepers, FamilyListener& listener)
    : keepers_(keepers), listener_(listener) {}

KeptFamily::~KeptFamily() { keepers_.Forget(keeper_); }

void KeptFamily::Start(const LaunchPlan& plan) {
  const StartError error = keepers_.Start(plan, *this, keeper_);
  if (error.ok()) return;
  gone_ = true;
  listener_.OnNotStarted(error);
}

void KeptFamily::Ask() { keepers_.Order(keeper_, KeeperOrder::kAsk); }

void KeptFamily::Kill() {
  if (gone_) return listener_.OnGone(provably_);
  keepers_.Order(keeper_, KeeperOrder::kKill);
}

void KeptFamily::LetLive() {
  keepers_.Order(keeper_, KeeperOrder::kLetLive);
  keepers_.Forget(keeper_);
}

void KeptFamily::OnReport(const KeeperReport& report) {
  if (gone_) return;
  leftovers_ = report.leftovers;
  cpu_time_us_ = report.cpu_time_us;
  switch (report.news) {
    case KeeperNews::kStarted:
      return listener_.OnStarted();
    case KeeperNews::kNotStarted:
      gone_ = true;
      return listener_.OnNotStarted(ErrorOf(report));
    case KeeperNews::kLeaderEnded:
      return listener_.OnLeaderEnded(report.leader_status);
    case KeeperNews::kGone:
      return Gone(true);
  }
}

void KeptFamily::OnKeeperGone() {
  if (!gone_) Gone(false);
}

void KeptFamily::Gone(bool provably) {
  gone_ = true;
  provably_ = provably;
  listener_.OnGone(provably);
}

}  // namespace airlock::runner
