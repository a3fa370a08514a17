// Which keys a host may prove itself with.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/executor/backends/ssh/connection/host_key.h"
#include "services/executor/backends/ssh/connection/known_hosts.h"
#include "services/executor/backends/ssh/connection/ssh_target.h"

namespace airlock::executor {

// What is known of one target's host: the pinned fingerprint, else the keys of
// the known_hosts files. Not thread-safe.
class HostTrust {
 public:
  // Reads the files; one that is not there has no keys. kInvalidArgument,
  // kPermissionDenied: one cannot be read, as it may revoke keys.
  static absl::StatusOr<HostTrust> Load(const SshTarget& target);

  // The algorithms to ask the host for, best first: those it is known by come
  // before others, so that a host with several keys shows a known one.
  std::vector<std::string> algorithms() const;

  // Whether `offered` is the host's key. A new one is appended to the first
  // file if the target accepts new keys.
  //
  // kFailedPrecondition, each with the fingerprints and what to do:
  // HOST_KEY_UNKNOWN; HOST_KEY_CHANGED, also if the host is known by keys of
  // other types only; HOST_KEY_REVOKED; HOST_KEY_NOT_SAVED.
  absl::Status Check(const HostKey& offered) const;

  bool pinned() const { return !target_.host_key_fingerprint.empty(); }

 private:
  HostTrust(SshTarget target, std::string first_file,
            std::vector<KnownKey> known);

  absl::Status CheckPinned(const HostKey& offered) const;
  absl::Status CheckRevoked(const HostKey& offered) const;
  absl::Status Unknown(const HostKey& offered) const;
  absl::Status Changed(const HostKey& offered) const;
  absl::Status Remember(const HostKey& offered) const;
  // What a known_hosts file would say of it.
  std::string Line(const HostKey& key) const;

  SshTarget target_;
  // Where new keys go, and where an operator is told to put them.
  std::string first_file_;
  std::vector<KnownKey> known_;
};

}  // namespace airlock::executor
