// A host that an operator's command restores.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/executor/backends/ssh/duty/host_manifest.h"
#include "services/executor/backends/ssh/duty/host_renewal.h"
#include "services/executor/backends/ssh/duty/lines_file.h"
#include "services/executor/backends/ssh/duty/restore_command.h"
#include "services/executor/backends/ssh/host_link.h"

namespace airlock::executor {

// Of a HostRestorer.
struct HostRestorerOptions {
  HostLinkOptions host;
  std::vector<std::string> command;
  absl::Duration command_timeout = absl::Minutes(5);
  // A folder of this machine that stays.
  std::string state_path;
  // What is compared. None: what the runner knows.
  std::vector<std::string> roots{};
  // How long a restored host may take to be there.
  absl::Duration return_limit = absl::Minutes(2);
  // How long processes of the restoring may take to be gone.
  absl::Duration settle_limit = absl::Seconds(10);
};

// Runs the command, waits for the host and compares what is on it with what
// was after the first time. Where something differs it is tried no more, also
// not by a later process, until an operator removed the file that says so.
// Belongs to one thread at a time.
class HostRestorer final : public HostRenewal {
 public:
  explicit HostRestorer(HostRestorerOptions options);

  // kFailedPrecondition HOST_NOT_CLEAN: something differs; the message names
  // it. Else what RunRestoreCommand() and TakeManifest() say.
  absl::Status Renew(absl::string_view reason,
                     const std::atomic<bool>& stop) override;
  // kFailedPrecondition HOST_NOT_CLEAN as Renew() said it.
  absl::Status MayRenew() const override;

 private:
  absl::Status KeepFirst(const std::atomic<bool>& stop) const;
  absl::StatusOr<HostManifest> AwaitManifest(
      absl::Time deadline, const std::atomic<bool>& stop) const;
  absl::Status Compare(const HostManifest& first,
                       const std::atomic<bool>& stop);
  // Remembers that the host is not what it must be.
  absl::Status Quarantine(const std::string& difference);

  const HostRestorerOptions options_;
  const LinesFile manifest_;
  const LinesFile quarantine_;
  // What could not be written there.
  absl::Status unwritten_;
};

}  // namespace airlock::executor
