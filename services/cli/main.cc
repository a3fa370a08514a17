#include <csignal>
#include <cstdlib>

#include "common/concurrency/lock_order.h"
#include "common/process/open_files.h"
#include "services/cli/commands/program.h"

int main(int argc, char** argv) {
  // A pipe that nobody reads is an error of write(), to be told like any other.
  std::signal(SIGPIPE, SIG_IGN);
  // What gRPC has to say comes as a status; its own log is for its authors.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  airlock::StopLockOrderChecks();
  airlock::AllowManyOpenFiles();
  return airlock::cli::RunProgram({argv + 1, argv + argc});
}
