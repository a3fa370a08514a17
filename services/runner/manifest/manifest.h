// The program that says what is on a machine.
#pragma once

namespace airlock::runner {

// Writes the manifest to standard output: sorted lines between "begin MARK" and
// "end MARK". `argv` is what follows "manifest" on the command line:
//
//   --mark MARK --executor ID [--root PATH]...
//
// Without roots: the account's home and the folders where programs, settings
// and leftovers are. Returns the exit code; without "end" it is not complete.
int ManifestMain(int argc, char** argv);

}  // namespace airlock::runner
