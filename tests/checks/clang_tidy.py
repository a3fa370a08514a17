"""Runs clang-tidy 14 on the C++ files that changed.

  python3 clang_tidy.py ROOT BUILD [--base REVISION] [--seconds N]

Changed since REVISION (default: the environment's AIRLOCK_TIDY_BASE, else the
commit before this one), committed or not. Findings count only in the files
that changed. Files that the time did not suffice for are named, and the next
run begins with them.
"""

import argparse
import concurrent.futures
import json
import os
import subprocess
import time

from tree import CPP_ENDINGS, GIT, finish

CLANG_TIDY = os.environ.get("CLANG_TIDY", "/usr/bin/clang-tidy-14")
DEFAULT_SECONDS = 120
ONE_FILE_SECONDS = 120


def git(root, *arguments):
    """A git command's output; raises when it fails."""
    return subprocess.run([*GIT, "-C", root, *arguments], check=True,
                          capture_output=True, text=True).stdout


def default_base(root):
    """The commit before this one; in a first commit, the empty tree."""
    try:
        return git(root, "rev-parse", "--verify", "--quiet", "HEAD~1").strip()
    except subprocess.CalledProcessError:
        return git(root, "hash-object", "-t", "tree", "/dev/null").strip()


def changed_files(root, base):
    """C++ files that differ from `base`, with new ones not yet added."""
    listed = git(root, "diff", "--name-only", "--diff-filter=d", base)
    listed += git(root, "ls-files", "--others", "--exclude-standard")
    return sorted({path for path in listed.split("\n")
                   if path.endswith(CPP_ENDINGS)})


def sources_to_check(root, build, changed):
    """Sources with a known compile command that show the changed files: the
    changed ones, and for a header the source beside it."""
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as file:
        known = {os.path.relpath(os.path.realpath(entry["file"]),
                                 os.path.realpath(root))
                 for entry in json.load(file)}
    wanted = {path[:-2] + ".cc" if path.endswith(".h") else path
              for path in changed}
    return sorted(wanted & known)


def check_one(root, build, source, changed, deadline):
    """(source, findings or None if there was no time, seconds)."""
    began = time.monotonic()
    left = min(deadline - began, ONE_FILE_SECONDS)
    if left <= 1:
        return source, None
    only = json.dumps([{"name": path} for path in changed])
    try:
        run = subprocess.run(
            [CLANG_TIDY, "-p", build, "--quiet",
             f"--line-filter={only}", source],
            cwd=root, capture_output=True, text=True, timeout=left)
    except subprocess.TimeoutExpired:
        return source, None
    lines = [line for line in run.stdout.splitlines()
             if ": error:" in line or ": warning:" in line]
    if run.returncode != 0 and not lines:
        lines = [f"{source}: clang-tidy ended with {run.returncode}: "
                 f"{run.stderr.strip()[-500:]}"]
    return source, lines


def oldest_first(state, sources):
    """Those the last run had no time for come first."""
    try:
        with open(state, encoding="utf-8") as file:
            late = set(file.read().split("\n"))
    except OSError:
        late = set()
    return sorted(sources, key=lambda source: (source not in late, source))


def problems_of(root, build, base, seconds):
    """Findings, how many sources were checked, and those that were not."""
    changed = changed_files(root, base)
    state = os.path.join(build, "clang_tidy.late")
    sources = oldest_first(state, sources_to_check(root, build, changed))
    deadline = time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(
            max(1, min(2, os.cpu_count() or 1))) as pool:
        results = list(pool.map(
            lambda source: check_one(root, build, source, changed, deadline),
            sources))
    late = [source for source, lines in results if lines is None]
    with open(state, "w", encoding="utf-8") as file:
        file.write("\n".join(late))
    problems = sorted({line for _, lines in results for line in lines or []})
    if results and len(late) == len(results):
        problems.append("there was no time for even one file")
    return problems, len(results) - len(late), late


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root")
    parser.add_argument("build")
    parser.add_argument("--base", default=os.environ.get("AIRLOCK_TIDY_BASE"))
    parser.add_argument("--seconds", type=float, default=float(
        os.environ.get("AIRLOCK_TIDY_SECONDS", DEFAULT_SECONDS)))
    arguments = parser.parse_args()
    root = os.path.abspath(arguments.root)
    problems, checked, late = problems_of(
        root, os.path.abspath(arguments.build),
        arguments.base or default_base(root), arguments.seconds)
    for source in late:
        print(f"not checked, no time left: {source}")
    finish(problems, f"clang-tidy on {checked} changed sources"
           + (f" ({len(late)} were left out)" if late else ""))


if __name__ == "__main__":
    main()
