"""What every check needs: the files of a tree and a way to end."""

import os
import subprocess
import sys

SKIPPED_FOLDERS = {".git", "node_modules", "__pycache__"}
# A checkout may belong to somebody else, as in many a CI.
GIT = ("git", "-c", "safe.directory=*")
CPP_ENDINGS = (".cc", ".h")


def files_of(root):
    """Paths below `root` that are or could be committed, sorted."""
    try:
        listed = subprocess.run(
            [*GIT, "-C", root, "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"],
            check=True, capture_output=True).stdout.decode().split("\0")
        paths = [path for path in listed if path]
    except (OSError, subprocess.CalledProcessError):
        paths = _walk(root)
    return sorted(path for path in set(paths)
                  if os.path.isfile(os.path.join(root, path)))


def _walk(root):
    """The same without git: everything outside build folders."""
    paths = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS
                      and not name.startswith("build")]
        paths += [os.path.relpath(os.path.join(folder, name), root)
                  for name in names]
    return paths


def cpp_files_of(root):
    """The C++ files among them."""
    return [path for path in files_of(root) if path.endswith(CPP_ENDINGS)]


def read(root, path):
    """A file's text; what is no UTF-8 shows as replacement characters."""
    with open(os.path.join(root, path), encoding="utf-8",
              errors="replace") as file:
        return file.read()


def finish(problems, checked):
    """Prints the problems and ends the program with 1 if there are any."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} problem(s) in {checked}", file=sys.stderr)
        sys.exit(1)
    print(f"ok: {checked}")


def root_from_arguments():
    """The tree to check: the first argument, or the current directory."""
    return sys.argv[1] if len(sys.argv) > 1 else "."
