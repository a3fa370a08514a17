// What an executor remembers of a host, on this machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace airlock::executor {

// A file of the executor's state: lines about one subject. Not thread-safe.
class LinesFile {
 public:
  // `subject` is what the lines belong to: with another one the file counts as
  // absent. One line.
  LinesFile(std::string path, std::string subject);

  // No value: there is none of this subject. kDataLoss: it was not written to
  // its end.
  absl::StatusOr<std::optional<std::vector<std::string>>> Load() const;
  // Replaces it as a whole. None of the lines may hold a line's end.
  absl::Status Save(const std::vector<std::string>& lines) const;

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const std::string subject_;
};

}  // namespace airlock::executor
