// What a certificate says, for people.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace airlock::cli {

// What one certificate says.
struct CertificateFacts {
  // Name of its subject.
  std::string subject;
  // URIs, DNS names and addresses it is valid for.
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses;
  // The role of the URI airlock://role/<role>; empty if there is none.
  std::string role;
  // When it begins and ceases to be valid.
  absl::Time valid_from;
  absl::Time expiry;
  // Whether it may sign others.
  bool is_authority = false;
  // Whether it may serve, and dial. Both true when it does not say.
  bool may_serve = false;
  bool may_dial = false;
};

// Reads the first certificate of a PEM text. kInvalidArgument: there is none.
absl::StatusOr<CertificateFacts> ReadCertificateFacts(absl::string_view pem);

}  // namespace airlock::cli
