// A service for service_app_test. `gateway.policyTarget` says how it behaves:
// "fail:1" does not start, "hang:1" does not drain.
#include <grpc/grpc.h>
#include <grpc/support/log.h>

#include <iostream>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/process/service_app.h"

namespace {

class ExampleApp final : public airlock::ServiceApp {
 public:
  explicit ExampleApp(bool hangs) : hangs_(hangs) {}

  void Drain(absl::Time deadline) override {
    std::cout << "draining " << (deadline > absl::Now() ? "in time" : "late")
              << std::endl;
    absl::Notification never;
    if (hangs_) never.WaitForNotification();
  }

 private:
  const bool hangs_;
};

airlock::ServiceMain::Prepared Prepare(
    const airlock::config::v1::Config& config, airlock::ProblemList& problems) {
  const std::string target = config.gateway().policy_target();
  if (target == "warn:1") problems.AddWarning("gateway", "looks odd");
  if (target == "wrong:1") problems.AddError("gateway", "is wrong");
  return {[target]() -> absl::StatusOr<std::unique_ptr<airlock::ServiceApp>> {
            if (target == "grpc:1") {
              grpc_init();
              gpr_log(GPR_ERROR, "\"a stranger\" came");
            }
            if (target == "fail:1") return absl::UnavailableError("no port");
            std::cout << "serving" << std::endl;
            return std::make_unique<ExampleApp>(target == "hang:1");
          },
          absl::Seconds(30)};
}

}  // namespace

int main(int argc, char** argv) {
  return airlock::RunServiceMain(argc, argv,
                                 {"airlock-example", "Does nothing.", Prepare});
}
