"""Checks that no file tells of the machine it was written on.

  python3 committed_text.py [ROOT]

Refused: paths of one developer's machine, package-registry addresses in lock
files, conflict markers, blanks at the end of lines, private keys.
"""

import re

from tree import files_of, finish, read, root_from_arguments

# Written so that this file does not find itself.
EVERYWHERE = [
    (re.compile(r"/(?:work)/(?:wt|main|shared|\.library)\b"),
     "path of one machine"),
    (re.compile(r"(?<![\w$}])/(?:root|home/(?!x/)[a-z][a-z0-9_-]*)/(?!\.docker|\.ssh)[\w.]"),
     "path of one machine"),
    (re.compile(r"/tmp/(?:bash_jobs|brief)"), "path of one machine"),
    (re.compile(r"^(?:<{7} |>{7} |={7}$)", re.MULTILINE), "conflict marker"),
    (re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE " + "KEY-----\n[A-Za-z0-9+/]"),
     "private key"),
]
SOURCES = [
    (re.compile(r"[ \t]+$", re.MULTILINE), "blanks at the end of a line"),
]
LOCK_FILES = [
    (re.compile(r'"resolved"\s*:'), "registry address in a lock file"),
    (re.compile(r"https?://[^\"\s]*registry[^\"\s]*"),
     "registry address in a lock file"),
]
SOURCE_ENDINGS = (".cc", ".h", ".proto", ".py", ".sh", ".cmake", ".md", ".yml",
                  ".yaml", ".json", ".txt")
LOCK_NAMES = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock")


def rules_for(path):
    """The rules that hold for one file."""
    rules = list(EVERYWHERE)
    if path.endswith(SOURCE_ENDINGS):
        rules += SOURCES
    if path.endswith(LOCK_NAMES):
        rules += LOCK_FILES
    return rules


def problems_of(root):
    """Every match of a rule, and how many files were read."""
    problems = []
    # A fuzz target's seeds are bytes, not text.
    paths = [path for path in files_of(root)
             if not path.startswith("tests/fuzz/corpus/")]
    for path in paths:
        text = read(root, path)
        for pattern, what in rules_for(path):
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{path}:{line}: {what}: "
                                f"{match.group(0).strip()!r}")
    return problems, len(paths)


def main():
    problems, count = problems_of(root_from_arguments())
    finish(problems, f"text of {count} files")


if __name__ == "__main__":
    main()
