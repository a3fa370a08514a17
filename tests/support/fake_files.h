// The workspace of a fake sandbox.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock {

// Regular files by their relative path, and nothing else. Thread-safe.
class FakeFiles {
 public:
  // Does what a program of the runner would do with files, and makes `spec` one
  // that a FakeProcess plays with that result. Nothing else is changed.
  void Play(executor::ProcessSpec& spec) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Options = std::map<std::string, std::string>;

  int Read(const Options& options, std::string& out) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  int List(std::string& out) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  int Write(const Options& options, const std::string& content)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  std::map<std::string, std::string> files_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
