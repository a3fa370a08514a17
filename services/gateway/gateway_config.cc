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
                      "is not used: agents show a token, not a certificate");
  }
  return files;
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
  } else if (!settings.listen.IsLoopback()) {
    reader.AddError(
        "tls", absl::StrCat("is required because gateway.listen is ",
                            settings.listen.ToString(),
                            ": tokens travel in plain text only on loopback "
                            "addresses"));
  }
  settings.internal_tls = ReadTls(section.internal_tls(), "gateway.internalTls",
                                  /*with_authority=*/true, problems);
  settings.policy_target = reader.Text("policyTarget", "127.0.0.1:7401");
  settings.tokens_path = reader.RequiredText("tokensPath");
  settings.metrics_listen = reader.Listen("metricsListen", "127.0.0.1:9464");
  settings.probe_listen = reader.Listen("probeListen", "127.0.0.1:7410");
  settings.drain_timeout =
      reader.Milliseconds("drainTimeout", absl::Seconds(30),
                          {.min = absl::ZeroDuration(), .max = absl::Hours(1)});
  settings.max_calls_per_principal = reader.Integer(
      "maxCallsPerPrincipal", 1024, {.min = 1, .max = 1'000'000});
  return settings;
}

}  // namespace airlock::gateway
