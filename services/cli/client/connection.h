// Where to connect, with which credential, trusting whom.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "common/security/secret.h"

namespace airlock::cli {

// What the command line says; empty where it says nothing.
struct ConnectionFlags {
  std::string endpoint = {};
  std::string token_file = {};
  std::string ca_file = {};
  std::string cert_file = {};
  std::string key_file = {};
  std::string state_directory = {};
  // Asks as the operator where nobody is named: with the operator's token
  // that `airlock up` made, never with the agent's.
  bool as_operator = false;
  // Asks as an approver: a token or a certificate must be named, as nothing
  // keeps an approver's.
  bool as_approver = false;
};

// Everything a connection needs.
struct Connection {
  // "host:port".
  std::string endpoint;
  // Empty: the certificate says who asks.
  Secret token;
  // File with the authority to trust. Empty: the system's authorities, or
  // plain text if `plain_text`.
  std::string ca_file;
  // Files with the certificate and key to show. Both empty: none.
  std::string cert_file;
  std::string key_file;
  // Only ever true for addresses of this machine.
  bool plain_text = false;
};

// The value of an environment variable, "" if it is not set.
using Environment = std::function<std::string(const char* name)>;

// Puts a connection together: each part from the flags, else from the
// environment (AIRLOCK_ENDPOINT; AIRLOCK_TOKEN_FILE, AIRLOCK_TOKEN;
// AIRLOCK_CERT with AIRLOCK_KEY; AIRLOCK_CA), else, if they name no endpoint,
// from what `airlock up` wrote. Token and certificate together are one part,
// who asks: flags that name one of them leave the environment's other one out.
// Without an authority only addresses of this machine are spoken to in plain
// text.
//
// kFailedPrecondition: there is no endpoint, or neither token nor certificate;
// kInvalidArgument: one of them is no good, a certificate has no key or a key
// no certificate, or there is no TLS to show it in.
absl::StatusOr<Connection> ResolveConnection(const ConnectionFlags& flags,
                                             const Environment& environment);

// The process's own.
std::string ProcessEnvironment(const char* name);

}  // namespace airlock::cli
