// What an engine says while it pulls an image.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// Reads the lines of JSON, adds up the layers and passes the sums on. Not
// thread-safe. `progress` must outlive it and may be empty.
class PullProgress {
 public:
  explicit PullProgress(const ProgressFunction& progress)
      : progress_(progress) {}

  // The next bytes. kInternal: they are no lines of JSON.
  absl::Status Add(absl::string_view piece);

  // How the pull ended: the engine sends 200 before it knows.
  const absl::Status& result() const { return result_; }

 private:
  absl::Status ReadLine(absl::string_view line);
  void ReadLayer(const nlohmann::json& message);

  const ProgressFunction& progress_;
  std::string line_;
  // Bytes done and in all, by layer.
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> layers_;
  absl::Status result_;
};

}  // namespace airlock::executor
