// `airlock-runner host` and `airlock-runner line`.
#pragma once

namespace airlock::runner {

// Keeps the cells of one executor until it leaves or falls silent. The
// arguments are those behind the subcommand. Returns the exit code.
int HostMain(int argc, char** argv);

// What sshd starts: goes to the host, or starts it first, hands our standard
// streams over, and waits until the host lets go of them.
int LineMain(int argc, char** argv);

}  // namespace airlock::runner
