"""Reports the size of files and functions; long files are refused.

  python3 sizes.py [ROOT]

A function is found by its shape in clang-formatted code: a line at the left
margin or one step in that ends with "{", up to the "}" below it.
"""

import re

from tree import cpp_files_of, finish, read, root_from_arguments

MAX_FILE_LINES = 500
LONG_FUNCTION_LINES = 50
SHOWN = 10
NOT_A_FUNCTION = re.compile(
    r"^\s*(namespace|class|struct|enum|union|extern|using|typedef|#|//|\})"
    r"|=\s*\{$|^\s*(static |inline )*const(expr)? [^(]*\{$")


def functions_of(text):
    """(lines, first line number) of each function in the text."""
    lines = text.split("\n")
    found = []
    start = indent = None
    for number, line in enumerate(lines):
        if start is not None:
            if line.startswith(" " * indent + "}"):
                found.append((number - start + 1, start + 1))
                start = None
            continue
        depth = len(line) - len(line.lstrip())
        if (line.endswith("{") and "(" in line or line.endswith(") {")
                or re.match(r"^ {0,6}\S.*\)[^;=]* \{$", line)):
            if depth <= 6 and not NOT_A_FUNCTION.match(line):
                start, indent = number, 0 if depth in (0, 4) else 2
                if not _closes(lines, number, indent):
                    start = None
    return found


def _closes(lines, number, indent):
    """Does a "}" at `indent` come before anything further left?"""
    for line in lines[number + 1:]:
        if line.startswith(" " * indent + "}"):
            return True
        if line and not line.startswith((" " * (indent + 1), "#")) \
                and not line.endswith(":"):
            return False
    return False


def problems_of(root):
    """Files over the limit; prints the longest files and functions."""
    sizes, functions = [], []
    for path in cpp_files_of(root):
        text = read(root, path)
        sizes.append((text.count("\n"), path))
        functions += [(length, path, line)
                      for length, line in functions_of(text)]
    sizes.sort(reverse=True)
    functions.sort(reverse=True)
    _report(sizes, functions)
    return [f"{path}: {lines} lines, at most {MAX_FILE_LINES}: give one of "
            "its jobs a file of its own"
            for lines, path in sizes if lines > MAX_FILE_LINES], len(sizes)


def _report(sizes, functions):
    if not sizes:
        return
    print(f"files: median {sizes[len(sizes) // 2][0]} lines; the longest:")
    for lines, path in sizes[:SHOWN]:
        print(f"  {lines:4} {path}")
    if not functions:
        return
    long = [one for one in functions if one[0] > LONG_FUNCTION_LINES]
    print(f"functions: median {functions[len(functions) // 2][0]} lines; "
          f"{len(long)} of {len(functions)} over {LONG_FUNCTION_LINES}; "
          "the longest:")
    for lines, path, line in functions[:SHOWN]:
        print(f"  {lines:4} {path}:{line}")


def main():
    problems, count = problems_of(root_from_arguments())
    finish(problems, f"sizes of {count} files")


if __name__ == "__main__":
    main()
