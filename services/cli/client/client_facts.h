// What `airlock up` leaves in its state directory for this machine's clients.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace airlock::cli {

// Where Airlock is and how to get in. Holds no secret, only where it is kept.
struct ClientFacts {
  // "host:port" of the gateway.
  std::string endpoint;
  // Files with the tokens of an agent and of an operator.
  std::string token_file;
  std::string operator_token_file;
  // File with the authority of the gateway's certificate; empty: plain text.
  std::string ca_file;
};

// The state directory: `given` if not empty, else $AIRLOCK_STATE, else
// $XDG_DATA_HOME/airlock, else ~/.local/share/airlock. Absolute.
std::string StateDirectoryPath(const std::string& given);

// Writes <directory>/client.json.
absl::Status WriteClientFacts(const std::string& directory,
                              const ClientFacts& facts);

// kNotFound: `airlock up` has not run with this directory.
absl::StatusOr<ClientFacts> ReadClientFacts(const std::string& directory);

}  // namespace airlock::cli
