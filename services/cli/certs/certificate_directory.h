// The directory with everything the internal edges need.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace airlock::cli {

// What `airlock certs init` is asked for.
struct CertificateOptions {
  // Where everything is written; made, for its owner alone, when missing.
  std::string directory;
  // Names and addresses every role certificate is valid for besides its own.
  std::vector<std::string> hosts;
  // How long role certificates are valid. The authority lives at least ten
  // years, so that it can sign their successors.
  absl::Duration validity = absl::Hours(24 * 825);
  // Whether files that are there already are replaced.
  bool force = false;
};

// Writes ca.pem and ca.key; <role>.pem and <role>.key for gateway, policy and
// executor; grant.key and grant.pub. Keys are for their owner alone. Makes
// everything before it writes anything.
//
// kAlreadyExists: one of the files is there and `force` is false.
// kInvalidArgument: a host or the validity is no good.
absl::Status CreateCertificateDirectory(const CertificateOptions& options,
                                        absl::Time now);

}  // namespace airlock::cli
