// The manifest a restored host must have, on this machine.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/executor/backends/ssh/duty/host_manifest.h"

namespace airlock::executor {

// A file of the executor's state. Not thread-safe.
class ManifestFile {
 public:
  // `subject` is what the manifest belongs to: with another one the file counts
  // as absent. One line.
  ManifestFile(std::string path, std::string subject);

  // No value: there is none of this subject. kDataLoss: it was not written to
  // its end.
  absl::StatusOr<std::optional<HostManifest>> Load() const;
  // Replaces it as a whole.
  absl::Status Save(const HostManifest& manifest) const;

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const std::string subject_;
};

}  // namespace airlock::executor
