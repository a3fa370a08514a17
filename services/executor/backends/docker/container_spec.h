// What an engine is asked for, and whether it made that.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"
#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock::executor {

// Where kRunnerProgram is inside, read-only.
inline constexpr const char* kRunnerFolder = "/airlock";

// Files the runner may have open. It gives each process kOpenFiles.
inline constexpr int kRunnerOpenFiles = 2048;
inline constexpr int kOpenFiles = 1024;

// A container to be.
struct ContainerPlan {
  SandboxSpec spec;
  // "sha256:...": not the reference, which may have moved meanwhile.
  std::string image_id;
  // Paths the image declares as volumes; they become empty and read-only.
  std::vector<std::string> image_volumes;
  // The named volume with the runner.
  std::string runner_volume;
  // JSON, on one line.
  std::string seccomp_profile;
  std::map<std::string, std::string> labels;
};

// INVALID_ARGUMENT with field violations unless every limit is set and the
// engine can be asked for it. Says nothing about mounts.
absl::Status CheckSpec(const SandboxSpec& spec);

// The body of POST /containers/create. Pure.
nlohmann::json CreateBody(const ContainerPlan& plan);

// Whether `inspected`, the answer of GET /containers/{id}/json, is what `body`
// asked for and nothing more. kInvalidArgument with reason SANDBOX_WEAKENED
// names the first field that differs: engines ignore fields they do not know
// and drop limits they cannot enforce. Pure.
absl::Status CompareContainer(const nlohmann::json& body,
                              const nlohmann::json& inspected);

}  // namespace airlock::executor
