#include "services/cli/commands/program.h"

int main(int argc, char** argv) {
  return airlock::cli::RunProgram({argv + 1, argv + argc});
}
