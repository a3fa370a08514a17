"""Checks that every C++ file is as clang-format 14 would write it.

  python3 clang_format.py [ROOT]
"""

import os
import subprocess

from tree import cpp_files_of, finish, root_from_arguments

CLANG_FORMAT = os.environ.get("CLANG_FORMAT", "/usr/bin/clang-format-14")
FILES_AT_ONCE = 50


def problems_of(root):
    """Lines that would change, at most one per file, and the files."""
    paths = cpp_files_of(root)
    problems = []
    for start in range(0, len(paths), FILES_AT_ONCE):
        run = subprocess.run(
            [CLANG_FORMAT, "--style=file", "--dry-run", "--Werror",
             "--ferror-limit=1", *paths[start:start + FILES_AT_ONCE]],
            cwd=root, capture_output=True, text=True)
        found = [line for line in run.stderr.splitlines() if ": error:" in line]
        if run.returncode != 0 and not found:
            found = [f"clang-format ended with {run.returncode}: {run.stderr}"]
        problems += found
    return problems, paths


def main():
    problems, paths = problems_of(root_from_arguments())
    finish(problems, f"format of {len(paths)} files")


if __name__ == "__main__":
    main()
