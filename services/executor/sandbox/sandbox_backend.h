// The seam between an executor and the place where things run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock::executor {

// What ended a process. The names are those of airlock.v1.Outcome.EndedBy.
enum class EndedBy {
  kExited,
  kSignaled,
  kTimedOut,
  kOutOfMemory,
  kOutputLimit,
  kCancelled,
  kNotStarted,
  kSandboxFailed,
  // It was started, or may have been, and nobody can tell how it ended.
  kOutcomeUnknown,
};

// How a process ended.
struct ProcessEnd {
  EndedBy ended_by = EndedBy::kSandboxFailed;
  // With kExited.
  int exit_code = 0;
  // With kSignaled.
  int signal = 0;
  // A stable UPPER_SNAKE_CASE word that says more. May be empty.
  std::string reason;
  // One sentence for a human. May be empty.
  std::string message;
  absl::Duration cpu_time;
  absl::Duration wall_time;
  // 0: unknown.
  std::uint64_t peak_memory_bytes = 0;
  // That were still there and were killed, or live on.
  std::uint32_t leftover_processes = 0;
  // Whether nothing of it is provably left, or of a `parallel` one nothing but
  // what may live on. Else the sandbox must go.
  bool empty = false;
  bool hit_pids = false;
  bool hit_disk = false;
  bool hit_memory = false;
  bool hit_cpu = false;
};

// Standard streams a process writes to.
enum class Stream { kStdout, kStderr };

// Hears what a process does. The calls come one at a time, from a thread of
// the backend that must not be blocked: OnStarted at most once, OnOutput as
// long as there is credit, and before the end for what is left in the pipes
// without credit (2 MiB at most); OnInputCredit only for a process that accepts
// later input; OnEnded exactly once and last. Without OnStarted before it,
// OnEnded says kNotStarted, or kSandboxFailed or kOutcomeUnknown when nobody
// knows.
class ProcessObserver {
 public:
  virtual ~ProcessObserver() = default;

  virtual void OnStarted() = 0;
  virtual void OnOutput(Stream stream, absl::string_view data) = 0;
  // AddInput() may bring up to `limit_bytes` since the start. Never falls.
  virtual void OnInputCredit(std::uint64_t limit_bytes) = 0;
  virtual void OnEnded(const ProcessEnd& end) = 0;
};

// A process that was given to a sandbox. Thread-safe; nothing blocks, and
// nothing happens any more once it has ended. May outlive its sandbox.
class SandboxProcess {
 public:
  // Input that may be added before the first OnInputCredit().
  static constexpr std::uint64_t kFirstInputCredit = 256 << 10;

  virtual ~SandboxProcess() = default;

  // Lets it send output up to `limit_bytes` since its start, both streams
  // together. A lower limit than before changes nothing.
  virtual void AllowOutput(std::uint64_t limit_bytes) = 0;

  // More standard input, which ends after it with `end`. Only within the
  // credit, and only for a process that accepts later input: else the sandbox
  // is given up, and all that runs in it ends as kSandboxFailed.
  virtual void AddInput(std::string data, bool end) = 0;

  // Ends it: SIGTERM, grace, SIGKILL, then OnEnded with kCancelled, or as it
  // really ended if that came first.
  virtual void Cancel() = 0;
};

// One started sandbox, with a runner waiting inside.
//
// Thread-safe. Nothing but Destroy() blocks.
class Sandbox {
 public:
  // The most processes at once, all of them `parallel`.
  static constexpr std::size_t kMaxProcesses = 256;

  virtual ~Sandbox() = default;

  // Starts a process. Always ends in observer->OnEnded(), possibly before this
  // returns; as kNotStarted with reason SANDBOX_BUSY while another one runs,
  // unless both are `parallel`. Never null.
  virtual std::shared_ptr<SandboxProcess> Run(
      ProcessSpec spec, std::shared_ptr<ProcessObserver> observer) = 0;

  // The engine's id of the image it was made from. Empty: the backend has none.
  virtual std::string image_id() const = 0;

  // Whether a process could start, as far as is known now. False for good once
  // its runner was lost or it was destroyed. Asks nobody.
  virtual bool usable() const = 0;

  // Removes the sandbox and everything in it. A process that still runs ends
  // as kSandboxFailed. Blocks until it is gone or `deadline` has passed; an
  // error means that something may be left, which RemoveLeftovers() finds.
  // Idempotent.
  virtual absl::Status Destroy(absl::Time deadline) = 0;
};

// An image a backend has.
struct BackendImage {
  std::string reference;
  std::string id;

  friend bool operator==(const BackendImage&, const BackendImage&) = default;
};

// How far a sandbox is: a step such as "pulling image", bytes done, bytes in
// all (0: unknown). Called from the thread that called Create().
using ProgressFunction = std::function<void(
    absl::string_view step, std::uint64_t current, std::uint64_t total)>;

// Stands for the execution of a sandbox in which an executor tries limits: a
// program of its own runs there, and nothing of an agent.
inline constexpr absl::string_view kSelfTestExecution = "self-test";

// A source of sandboxes: a Docker engine, a host reached over SSH.
//
// Thread-safe. Everything here blocks until its deadline at most: call it from
// a worker, never from a gRPC reaction. A non-OK status means that the backend
// failed; how a command went is a ProcessEnd.
class SandboxBackend {
 public:
  virtual ~SandboxBackend() = default;

  // "docker" or "ssh".
  virtual std::string name() const = 0;

  // Creates a sandbox that can run a process when this returns. `execution_id`
  // is for people who look for it; empty: it belongs to none yet.
  //
  // kInvalidArgument, kNotFound (image), kPermissionDenied: it will never work
  // with this `spec`; a limit is never weakened. kResourceExhausted: no
  // capacity now. kUnavailable, kDeadlineExceeded: the engine did not answer.
  // Nothing is left behind after an error.
  virtual absl::StatusOr<std::unique_ptr<Sandbox>> Create(
      const SandboxSpec& spec, absl::string_view execution_id,
      absl::Time deadline, const ProgressFunction& progress) = 0;

  // Whether the engine answers and can enforce every limit. The message of an
  // error names what it cannot.
  virtual absl::Status Check(absl::Time deadline) = 0;

  // The images it has.
  virtual absl::StatusOr<std::vector<BackendImage>> ListImages(
      absl::Time deadline) = 0;

  // Removes sandboxes that older boots of this executor left behind, and only
  // those. Returns how many.
  virtual absl::StatusOr<int> RemoveLeftovers(absl::Time deadline) = 0;
};

}  // namespace airlock::executor
