#include "services/gateway/gateway_config.h"

#include "absl/strings/str_cat.h"
#include "common/config/section_reader.h"

namespace airlock::gateway {
namespace {

TlsFiles ReadTls(const airlock::config::v1::Tls& tls, const std::string& path,
                 bool with_authority, ProblemList& problems) {
  SectionReader reader(tls, path, problems);
  TlsFiles files;
  files.cert_path = reader.RequiredText("certPath");
  files.key_path = reader.RequiredText("keyPath");
  if (with_authority) {
    files.ca_path = reader.RequiredText("caPath");
  } else if (reader.Has("caPath")) {
    reader.AddWarning("caPath",
                      "is not used: the authorities of those who connect "
                      "are in gateway.clientCaPath");
  }
  return files;
}

// What the page's own section says. Whether browsers may come without TLS is
// the same question as for agents.
WebSettings ReadWeb(const airlock::config::v1::Gateway& gateway,
                    ProblemList& problems) {
  SectionReader reader(gateway.web(), "gateway.web", problems);
  WebSettings web;
  web.listen = reader.Listen("listen", "127.0.0.1:7480");
  web.tls = !reader.Bool("plainText", false) && gateway.has_tls();
  if (!web.tls && !web.listen.IsLoopback() && !gateway.insecure_plain_text()) {
    reader.AddError(
        "listen",
        absl::StrCat("is ", web.listen.ToString(),
                     ", where tokens would travel in plain text: give "
                     "gateway.tls, or a loopback address, or set "
                     "gateway.insecurePlainText to true behind a proxy that "
                     "ends TLS"));
  }
  web.session_key_path = reader.Text("sessionKeyPath", "");
  web.session_lifetime =
      reader.Milliseconds("sessionLifetime", absl::Hours(12),
                          {.min = absl::Seconds(1), .max = absl::Hours(720)});
  web.max_connections =
      reader.Integer("maxConnections", 4096, {.min = 1, .max = 100'000});
  return web;
}

// Whether agents may come without TLS: their tokens travel with every call.
void CheckPlainText(const GatewaySettings& settings, SectionReader& reader) {
  const bool accepted = reader.Bool("insecurePlainText", false);
  if (settings.tls.has_value()) {
    if (accepted) {
      reader.AddError("insecurePlainText",
                      "must be false or absent with gateway.tls: agents are "
                      "served either encrypted or in plain text");
    }
    return;
  }
  if (settings.listen.IsLoopback()) return;
  if (!accepted) {
    reader.AddError(
        "tls", absl::StrCat("is required because gateway.listen is ",
                            settings.listen.ToString(),
                            ": tokens travel in plain text only on loopback "
                            "addresses, unless gateway.insecurePlainText is "
                            "true"));
    return;
  }
  reader.AddWarning(
      "insecurePlainText",
      absl::StrCat("is true: whoever is on the way to ",
                   settings.listen.ToString(),
                   " can read and change everything that agents and people "
                   "send, take their tokens and act in their place, approvals "
                   "included; give gateway.tls instead"));
}

// A certificate is shown only in a TLS handshake, and the policy service
// verifies for itself what is forwarded.
void CheckCertificates(const GatewaySettings& settings,
                       const airlock::config::v1::Config& config,
                       SectionReader& reader) {
  if (settings.client_ca_path.empty()) return;
  if (!settings.tls.has_value()) {
    reader.AddError("clientCaPath",
                    "needs gateway.tls: without it no client can show a "
                    "certificate");
  }
  if (config.has_policy() && !config.policy().has_client_ca_path()) {
    reader.AddWarning("clientCaPath",
                      "is of no use without policy.clientCaPath: the policy "
                      "service refuses every certificate");
  }
}

}  // namespace

GatewaySettings GatewaySettingsFrom(const airlock::config::v1::Config& config,
                                    ProblemList& problems) {
  const airlock::config::v1::Gateway& section = config.gateway();
  SectionReader reader(section, "gateway", problems);
  GatewaySettings settings;
  settings.listen = reader.Listen("listen", "127.0.0.1:7400");
  if (section.has_tls()) {
    settings.tls = ReadTls(section.tls(), "gateway.tls",
                           /*with_authority=*/false, problems);
  }
  CheckPlainText(settings, reader);
  if (section.has_web()) {
    settings.web = ReadWeb(section, problems);
  }
  settings.internal_tls = ReadTls(section.internal_tls(), "gateway.internalTls",
                                  /*with_authority=*/true, problems);
  settings.policy_target = reader.Text("policyTarget", "127.0.0.1:7401");
  settings.tokens_path = reader.RequiredText("tokensPath");
  settings.client_ca_path = reader.Text("clientCaPath", "");
  CheckCertificates(settings, config, reader);
  settings.metrics_listen = reader.Listen("metricsListen", "127.0.0.1:9464");
  settings.probe_listen = reader.Listen("probeListen", "127.0.0.1:7410");
  settings.drain_timeout =
      reader.Milliseconds("drainTimeout", absl::Seconds(30),
                          {.min = absl::ZeroDuration(), .max = absl::Hours(1)});
  settings.max_calls_per_principal = reader.Integer(
      "maxCallsPerPrincipal", 1024, {.min = 1, .max = 1'000'000});
  settings.max_calls_per_second =
      reader.Integer("maxCallsPerSecond", 1000, {.min = 1, .max = 1'000'000});
  return settings;
}

}  // namespace airlock::gateway
