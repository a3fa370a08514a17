// Standard input, passed on while a process runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/cli/client/input_writer.h"

namespace airlock::cli {

// Reads a descriptor on a thread of its own and gives what comes to an
// execution, 256 KiB at most at a time, until the descriptor ends; then the
// process's input ends too. Every piece is offered again until it was taken,
// with its offset, so that nothing is lost or comes twice.
class InputFeeder {
 public:
  struct Options {
    // What is read; not owned.
    int fd = 0;
    // What follows the first failure; later ones wait longer, up to 4 s.
    absl::Duration first_pause = absl::Milliseconds(200);
  };

  // `writer` must outlive this. `on_broken` is called, on the feeder's thread,
  // when input cannot be passed on though the process may still want it.
  InputFeeder(const Options& options, InputWriter& writer,
              std::function<void(const absl::Status&)> on_broken);
  // Stops at once, even if the descriptor stays open and silent.
  ~InputFeeder();
  InputFeeder(const InputFeeder&) = delete;
  InputFeeder& operator=(const InputFeeder&) = delete;

  // Begins; call once.
  void Start(const std::string& id);

 private:
  void Feed(const std::string& id);
  // Offers until all of `data`, or the end, was taken. False: it is over.
  bool Deliver(const std::string& id, absl::string_view data, bool close);
  // Whether it is worth offering the same again, after a pause.
  bool ShouldTryAgain(const absl::Status& error, int failures);
  // Whether `fd` has something before this is stopped.
  bool AwaitInput(int fd) const;
  // Whether the time passed without this being stopped.
  bool Pause(absl::Duration duration) const;

  const Options options_;
  InputWriter& writer_;
  const std::function<void(const absl::Status&)> on_broken_;
  // Readable once this is being stopped.
  const int stop_fd_;
  std::uint64_t offset_ = 0;
  std::thread thread_;
};

}  // namespace airlock::cli
