// The program that does one file action.
#pragma once

namespace airlock::runner {

// `airlock-runner file WORDS`: does what ReadFileCommand() reads in them. What
// is read comes on standard output, content to write on standard input, and
// what went wrong as one sentence on standard error. Returns the exit code, a
// FileEnd; 2 for a command line nobody can follow.
int FileMain(int argc, char** argv);

}  // namespace airlock::runner
