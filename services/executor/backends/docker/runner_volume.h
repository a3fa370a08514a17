// The runner, where the engine's containers find it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/executor/backends/docker/docker_containers.h"
#include "services/executor/backends/docker/docker_volumes.h"

namespace airlock::executor {

// A named volume per content of the runner, filled through a helper container
// that never starts: so it also works with an engine that shares no file
// system with us. Thread-safe; `containers` and `volumes` must outlive it.
//
// Executors that share an engine take turns by the helper's name; whoever has
// it reads the volume back and fills it only if the content is not right, so
// that a volume in use is never written.
class RunnerVolume {
 public:
  // Reads the program. kNotFound, kInvalidArgument: it is not there, or not
  // an ELF program. The helper gets `labels`, by which the next boot of an
  // executor that died finds it.
  static absl::StatusOr<std::unique_ptr<RunnerVolume>> Load(
      const std::string& runner_path, std::map<std::string, std::string> labels,
      DockerContainers& containers, DockerVolumes& volumes);

  // "airlock-runner-<sha256>".
  const std::string& name() const { return name_; }

  // Makes sure that the volume holds the program; cheap after the first time.
  // The helper is made from `image_id`.
  absl::Status Ensure(absl::string_view image_id, absl::Time deadline)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The next Ensure() looks again: a container could not find the program.
  void Forget() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  RunnerVolume(std::string program, std::map<std::string, std::string> labels,
               DockerContainers& containers, DockerVolumes& volumes);

  absl::Status Fill(absl::string_view image_id, absl::Time deadline);
  absl::Status FillThrough(absl::string_view helper, absl::Time deadline);
  bool HoldsProgram(absl::string_view helper, absl::Time deadline);
  absl::StatusOr<std::string> CreateHelper(absl::string_view image_id,
                                           absl::Time deadline);
  absl::Status RemoveStaleHelper(absl::Time deadline);

  const std::string program_;
  const std::string name_;
  // Of the helper.
  std::map<std::string, std::string> labels_;
  DockerContainers& containers_;
  DockerVolumes& volumes_;
  // Held while filling: one at a time is enough.
  absl::Mutex mutex_;
  bool filled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace airlock::executor
