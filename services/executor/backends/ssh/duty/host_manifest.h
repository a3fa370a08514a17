// What is on a host, and what differs from what was.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/executor/backends/ssh/host_link.h"

namespace airlock::executor {

// Lines of `airlock-runner manifest`, sorted: files, processes and listeners.
using HostManifest = std::vector<std::string>;

// Bound of a manifest.
inline constexpr std::size_t kMaxManifestBytes = std::size_t{9} << 20U;

// Connects to the host, brings the runner there and has it tell. `roots` are
// the paths looked at; none: those the runner knows. Blocks until `deadline`;
// soon after `stop` became true, kCancelled. kDataLoss: what came is not a
// manifest. Else the errors of SshConnection.
absl::StatusOr<HostManifest> TakeManifest(const HostLinkOptions& host,
                                          const std::vector<std::string>& roots,
                                          absl::Time deadline,
                                          const std::atomic<bool>& stop);

// For people, bounded and safe to show: what is new, gone or other in `after`.
// Empty: nothing. Pure.
std::string DescribeDifference(const HostManifest& before,
                               const HostManifest& after);

}  // namespace airlock::executor
