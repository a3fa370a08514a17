#include <csignal>

#include "services/cli/commands/program.h"

int main(int argc, char** argv) {
  // A pipe that nobody reads is an error of write(), to be told like any other.
  std::signal(SIGPIPE, SIG_IGN);
  return airlock::cli::RunProgram({argv + 1, argv + argc});
}
