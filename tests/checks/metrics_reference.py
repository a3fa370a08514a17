"""Checks that the README names every metric, and none that is no more.

  python3 metrics_reference.py [ROOT]
"""

import re

from tree import cpp_files_of, finish, read, root_from_arguments

README = "README.md"
SERVICES_AND_COMMON = ("services/", "common/")
NAME = r"(?:airlock|grpc_server|process)_[a-z0-9_]+_" \
       r"(?:total|seconds|bytes|fds|threads|info|up|slots|running|jobs" \
       r"|executions|connected|in_flight|sandboxes|target|cordoned|sessions" \
       r"|ok|pending|frozen|transactions|active|quarantined)|process_threads|airlock_build_info"
IN_CODE = re.compile(rf'"({NAME})"')
IN_README = re.compile(rf"`({NAME})`")


def problems_of(root):
    """Names that stand in one of the two places only."""
    exported = set()
    for path in cpp_files_of(root):
        if path.startswith(SERVICES_AND_COMMON):
            exported |= set(IN_CODE.findall(read(root, path)))
    told = set(IN_README.findall(read(root, README)))
    problems = [f"{README}: does not name the metric {name}"
                for name in sorted(exported - told)]
    problems += [f"{README}: no code exports the metric {name}"
                 for name in sorted(told - exported)]
    return problems, len(exported)


def main():
    problems, count = problems_of(root_from_arguments())
    finish(problems, f"{count} metrics in the README")


if __name__ == "__main__":
    main()
