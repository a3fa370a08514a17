#include "services/cli/up/local_services.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/config/values.h"
#include "services/cli/up/complete_config.h"
#include "services/executor/backend_factory.h"

namespace airlock::cli {
namespace {

constexpr absl::Duration kEngineTimeout = absl::Seconds(3);

// How something on this machine reaches what listens on `host`.
std::string DialAddress(std::string host, int port) {
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  return HostPort{host, static_cast<std::uint16_t>(port)}.ToString();
}

// Of an address that was checked.
std::string HostOf(const std::string& listen) {
  const absl::StatusOr<HostPort> parsed = ParseHostPort(listen);
  return parsed.ok() ? parsed->host : "127.0.0.1";
}

absl::Status NotStarted(absl::string_view service, const absl::Status& error) {
  return absl::Status(
      error.code(),
      absl::StrCat("the ", service, " did not start: ", error.message()));
}

}  // namespace

LocalSettings CheckLocalConfig(const config::v1::Config& config,
                               ProblemList& problems) {
  LocalSettings settings;
  settings.policy = policy::PolicyConfigFromProto(config, problems);
  settings.gateway = gateway::GatewaySettingsFrom(config, problems);
  settings.executor = executor::ExecutorConfigFromProto(config, problems);
  return settings;
}

LocalServices::LocalServices(LocalSettings settings)
    : settings_(std::move(settings)),
      image_(settings_.policy.contract->defaults().sandbox.image) {}

absl::StatusOr<std::unique_ptr<LocalServices>> LocalServices::Start(
    LocalSettings settings) {
  // The constructor is private.
  std::unique_ptr<LocalServices> services(
      new LocalServices(std::move(settings)));
  absl::Status started = services->StartAll();
  if (!started.ok()) return started;
  return services;
}

absl::Status LocalServices::StartAll() {
  auto policy = policy::PolicyApp::Start(settings_.policy);
  if (!policy.ok()) return NotStarted("policy service", policy.status());
  policy_ = *std::move(policy);
  const std::string target =
      DialAddress(HostOf(settings_.policy.listen), policy_->port());
  if (settings_.gateway.policy_target == kOwnPolicyTarget) {
    settings_.gateway.policy_target = target;
  }
  std::replace(settings_.executor.policy_targets.begin(),
               settings_.executor.policy_targets.end(),
               std::string(kOwnPolicyTarget), target);

  auto gateway = gateway::GatewayApp::Start(settings_.gateway);
  if (!gateway.ok()) return NotStarted("gateway", gateway.status());
  gateway_ = *std::move(gateway);

  const executor::BackendFactory make_backend =
      executor::MakeBackendFactory(settings_.executor);
  auto executor = executor::ExecutorApp::Start(
      settings_.executor,
      [this, &make_backend](const executor::BackendIdentity& identity) {
        auto backend = make_backend(identity);
        if (backend.ok()) backend_ = backend->get();
        return backend;
      });
  if (!executor.ok()) return NotStarted("executor", executor.status());
  executor_ = *std::move(executor);
  return absl::OkStatus();
}

absl::Status LocalServices::Ready() {
  if (executor_->ready()) {
    return gateway_->ready()
               ? absl::OkStatus()
               : absl::UnavailableError("the gateway is not connected yet");
  }
  absl::Status engine = backend_->Check(absl::Now() + kEngineTimeout);
  if (!engine.ok()) return engine;
  return absl::UnavailableError("the executor is not connected yet");
}

bool LocalServices::HasImage() {
  // Not every backend makes its sandboxes of one.
  if (image_.empty()) return true;
  const auto images = backend_->ListImages(absl::Now() + kEngineTimeout);
  // Who cannot tell does not complain.
  if (!images.ok()) return true;
  return std::any_of(images->begin(), images->end(), [this](const auto& image) {
    return image.reference == image_ || image.id == image_;
  });
}

std::string LocalServices::endpoint() const {
  return DialAddress(settings_.gateway.listen.host, gateway_->port());
}

std::string LocalServices::page() const {
  const gateway::WebSettings& web = *settings_.gateway.web;
  return absl::StrCat(web.tls ? "https://" : "http://",
                      DialAddress(web.listen.host, gateway_->web_port()), "/");
}

std::string LocalServices::gateway_metrics() const {
  return DialAddress(settings_.gateway.metrics_listen.host,
                     gateway_->metrics_port());
}

std::string LocalServices::policy_metrics() const {
  return DialAddress(HostOf(settings_.policy.metrics_listen),
                     policy_->metrics_port());
}

std::string LocalServices::executor_metrics() const {
  return DialAddress(HostOf(settings_.executor.metrics_listen),
                     executor_->metrics_port());
}

void LocalServices::Drain() {
  gateway_->Drain(absl::Now() + settings_.gateway.drain_timeout);
  executor_->Drain(absl::Now() + settings_.executor.drain_timeout);
  // Gone before the policy is: else it would try to attach again.
  executor_.reset();
  policy_->Drain(absl::Now() + settings_.policy.drain_timeout);
  gateway_.reset();
  policy_.reset();
}

}  // namespace airlock::cli
