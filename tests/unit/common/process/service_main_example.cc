// A service for service_app_test. `gateway.policyTarget` says how it behaves:
// "fail:1" does not start, "hang:1" does not drain, "reload:1" can reload.
#include <grpc/grpc.h>
#include <grpc/support/log.h>

#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/process/service_app.h"

namespace {

class ExampleApp final : public airlock::ServiceApp {
 public:
  explicit ExampleApp(std::string target) : target_(std::move(target)) {}

  void Reload() override {
    if (target_ != "reload:1") return ServiceApp::Reload();
    std::cout << "reloading" << std::endl;
  }

  void Drain(absl::Time deadline) override {
    std::cout << "draining " << (deadline > absl::Now() ? "in time" : "late")
              << std::endl;
    absl::Notification never;
    if (target_ == "hang:1") never.WaitForNotification();
  }

 private:
  const std::string target_;
};

airlock::ServiceMain::Prepared Prepare(
    const airlock::config::v1::Config& config,
    const airlock::ConfigSource& /*source*/, airlock::ProblemList& problems) {
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
            return std::make_unique<ExampleApp>(target);
          },
          absl::Seconds(30)};
}

}  // namespace

int main(int argc, char** argv) {
  return airlock::RunServiceMain(argc, argv,
                                 {"airlock-example", "Does nothing.", Prepare});
}
