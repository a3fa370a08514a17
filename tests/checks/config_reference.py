"""Checks that the README explains every configuration key.

  python3 config_reference.py [ROOT] [--write]

The section between the two markers is made from the comments of config.proto;
--write puts it there, and without it a difference is a problem.
"""

import os
import re
import sys

from tree import finish, read

PROTO = "proto/airlock/config/v1/config.proto"
README = "README.md"
BEGIN = "<!-- configuration: made from config.proto by "\
        "tests/checks/config_reference.py --write -->"
END = "<!-- end of configuration -->"

MESSAGE = re.compile(r"((?:^//[^\n]*\n)*)^message (\w+) \{\n(.*?)^\}",
                     re.MULTILINE | re.DOTALL)
FIELD = re.compile(
    r"((?:^[ ]*//[^\n]*\n)*)^[ ]*(optional |repeated )?"
    r"(map<[^>]+>|[\w.]+) (\w+) = \d+[^;]*;", re.MULTILINE)
SCALARS = {"string": "text", "bool": "true or false", "int64": "number",
           "int32": "number", "uint32": "number", "uint64": "number",
           "double": "number"}
# Its keys are those of the sections themselves, shown there.
NOT_REPEATED = "AgentOverrides"
MAP = re.compile(r"map<\s*\w+\s*,\s*([\w.]+)\s*>")


def camel(name):
    """memory_limit -> memoryLimit, as JSON spells it."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def prose(comment):
    """A comment's text on one line, safe inside a table."""
    lines = [line.strip().removeprefix("//").strip()
             for line in comment.strip().split("\n")]
    return " ".join(line for line in lines if line).replace("|", "\\|")


def parse(text):
    """{message: [(comment, repeated, type, name)]} of a proto file."""
    return {name: [(prose(comment), (label or "").strip(), kind, field)
                   for comment, label, kind, field in FIELD.findall(body)]
            for _, name, body in MESSAGE.findall(text)}


def unwrapped(messages, label, kind):
    """(element type, path ending) of a field: a message whose only field is
    `values` is written in JSON as the array or object that field is."""
    fields = messages.get(kind, [])
    if len(fields) == 1 and fields[0][3] == "values":
        _, label, kind, _ = fields[0]
    map_of = MAP.match(kind)
    if map_of:
        return map_of.group(1), ".<name>"
    return kind, "[]" if label == "repeated" else ""


def rows_of(messages, message, prefix):
    """(key path, type, comment) of every key below `message`."""
    rows = []
    for comment, label, kind, name in messages[message]:
        kind, ending = unwrapped(messages, label, kind)
        path = f"{prefix}{camel(name)}{ending}"
        rows.append((path, SCALARS.get(kind, "section"), comment))
        if kind in messages and message != NOT_REPEATED:
            rows += rows_of(messages, kind, f"{path}.")
    return rows


def section_of(proto_text):
    """The README's section: one table for each top-level key."""
    messages = parse(proto_text)
    out = []
    for comment, _, kind, name in messages["Config"]:
        map_of = MAP.match(kind)
        key = camel(name) + (".<id>" if map_of else "")
        out += [f"### `{key}`", "", comment, ""]
        out += ["| Key | Value | Meaning |", "|---|---|---|"]
        message = map_of.group(1) if map_of else kind
        out += [f"| `{path}` | {kind} | {text} |" for path, kind, text
                in rows_of(messages, message, f"{key}.")]
        out.append("")
    return "\n".join(out)


def problems_of(root):
    """What of the section in the README is not as the proto says."""
    readme = read(root, README)
    if BEGIN not in readme or END not in readme:
        return [f"{README}: the markers of the configuration are missing"]
    shown = readme.split(BEGIN)[1].split(END)[0].strip()
    wanted = section_of(read(root, PROTO)).strip()
    shown_lines = set(shown.split("\n"))
    wanted_lines = set(wanted.split("\n"))
    problems = [f"{README}: missing: {line}" for line in wanted.split("\n")
                if line not in shown_lines]
    problems += [f"{README}: not in {PROTO}: {line}"
                 for line in shown.split("\n") if line not in wanted_lines]
    if problems:
        problems.append("python3 tests/checks/config_reference.py --write "
                        "brings them together")
    return problems


def write(root):
    """Puts the section into the README."""
    readme = read(root, README)
    before, rest = readme.split(BEGIN)
    after = rest.split(END)[1]
    section = section_of(read(root, PROTO)).strip()
    with open(os.path.join(root, README), "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{section}\n\n{END}{after}")


def main():
    arguments = [one for one in sys.argv[1:] if one != "--write"]
    root = arguments[0] if arguments else "."
    if "--write" in sys.argv:
        write(root)
    finish(problems_of(root), "configuration keys in the README")


if __name__ == "__main__":
    main()
