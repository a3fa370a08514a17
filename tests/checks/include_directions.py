"""Checks that every #include points the way the rooms allow.

  python3 include_directions.py [ROOT]

proto <- common <- services <- tests, deploy; a service never includes another
service's header; inside a service main -> rpc -> domain rooms -> seams; and
third-party headers stay in the rooms named below.
"""

import re

from tree import cpp_files_of, finish, read, root_from_arguments

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# What each layer may include of ours, besides generated protobuf code.
LAYERS = {
    "common": ["common/"],
    "services": ["common/", "services/"],
    "tests": ["common/", "services/", "tests/"],
    "deploy": ["common/", "services/", "deploy/"],
}

# `airlock up` holds the three services in one process: their objects and
# their checked settings, nothing behind those.
CLI_MAY = re.compile(
    r"^services/(gateway|policy|executor)/\w+_(app|config|factory)\.h$")

# Who puts a service's objects together. Only these name implementations,
# handlers and the service as a whole.
COMPOSER = re.compile(
    r"^services/\w+/(main|\w+_app\w*|\w+_factory)\.(cc|h)$")

# Rooms that the other rooms of their service do not know: handlers, and
# implementations behind a seam.
OUTER_ROOMS = re.compile(
    r"^services/\w+/(rpc|web|backends/\w+|clients|channels/\w+|store/\w+)/")

# A handler whose whole job is to pass calls on knows the client it uses.
RELAY = re.compile(
    r"^services/gateway/(rpc|web)/\S+ services/gateway/clients/")

# Further doors: (who, what it must not include, why).
CLOSED = [
    (r"^services/executor/sandbox/", r"^services/executor/dispatch/",
     "the seam does not know who uses it"),
    (r"^services/executor/backends/", r"^services/executor/dispatch/",
     "a backend knows the seam in sandbox/ only"),
    (r"^services/policy/engine/", r"^services/policy/(?!engine/)",
     "the engine is pure: it knows no other room"),
    (r"^services/policy/(store|audit)/", r"^services/policy/(dispatch|rpc)/",
     "what is kept does not know who runs it"),
]

# Third-party headers and the rooms that may include them. Tests may, too.
THIRD_PARTY = [
    (r"^(grpcpp|grpc)/|\.grpc\.pb\.h$",
     [r"^common/(rpc|security|process)/", r"^services/\w+/(rpc|clients)/",
      r"^services/gateway/(calls|web)/",
      r"^services/cli/", r"^services/\w+/\w+_app\w*\.(cc|h)$"]),
    (r"^boost/", [r"^services/gateway/http/"]),
    (r"^curl/", [r"^common/http/", r"^services/fetcher/"]),
    (r"^libssh2",
     [r"^services/executor/backends/ssh/connection/"
      r"ssh_(channel|library|session)\."]),
    (r"^nlohmann/",
     [r"^common/(config|security|logging)/",
      r"^services/executor/backends/docker/", r"^services/cli/",
      r"^services/runner/cell/compile_seccomp\."]),
    (r"^seccomp\.h$", [r"^services/runner/cell/compile_seccomp\."]),
    (r"^(sqlite3|libpq-fe)\.h$", [r"^services/policy/store/"]),
    # A counter may be handed to whoever counts; only the room of metrics
    # names and registers it.
    (r"^prometheus/(?!(counter|gauge|histogram)\.h$)",
     [r"^common/(metrics|rpc|process)/", r"^services/\w+/\w+_metrics\.",
      r"^services/\w+/\w+_app\w*\.(cc|h)$", r"^services/\w+/main\.cc$"]),
    (r"^CLI/", [r"^common/process/", r"^services/cli/"]),
    (r"^openssl/", [r"^common/(security|http)/", r"^services/cli/certs/",
                    r"^services/executor/backends/ssh/connection/"
                    r"(known_hosts|ssh_key)\."]),
    (r"^(pb|pb_encode|pb_decode|pb_common)\.h$", [r"^services/runner/"]),
    # No logging and no gRPC inside the sandbox.
    (r"^absl/log/", []),
]


def service_of(path):
    """"policy" of "services/policy/engine/rule.h"; None elsewhere."""
    parts = path.split("/")
    return parts[1] if parts[0] == "services" and len(parts) > 2 else None


def our_room_problem(path, header):
    """Why `path` must not include our own `header`, or None."""
    layer = path.split("/")[0]
    if header.split("/")[0] in LAYERS and not any(
            header.startswith(allowed) for allowed in LAYERS[layer]):
        return f"{layer}/ must not include {header.split('/')[0]}/"
    own, other = service_of(path), service_of(header)
    if own and other and own != other:
        if own == "cli" and CLI_MAY.match(header):
            return None
        return f"service {own} must not include a header of service {other}"
    if own and not COMPOSER.match(path):
        outer = OUTER_ROOMS.match(header)
        if outer and not path.startswith(outer.group(0)) \
                and not RELAY.match(path + " " + header):
            return (f"only main, the app or a factory may include "
                    f"{outer.group(0)}")
        if re.match(rf"^services/{own}/\w+_app\.h$", header):
            return "only main may include the service as a whole"
    for who, what, why in CLOSED:
        if re.match(who, path) and re.match(what, header):
            return why
    return None


def third_party_problem(path, header):
    """Why `path` must not include the library header `header`, or None."""
    if path.startswith("tests/"):
        return None
    for pattern, rooms in THIRD_PARTY:
        if re.search(pattern, header) and not any(
                re.match(room, path) for room in rooms):
            return "that library belongs to other rooms"
    return None


def problems_of(root):
    """Every include that points the wrong way, and how many were looked at."""
    problems, count = [], 0
    for path in cpp_files_of(root):
        if path.split("/")[0] not in LAYERS:
            problems.append(f"{path}: in no known layer "
                            f"({', '.join(LAYERS)})")
            continue
        text = read(root, path)
        for match in INCLUDE.finditer(text):
            count += 1
            header = match.group(2)
            line = text.count("\n", 0, match.start()) + 1
            if header.startswith((".", "/")):
                why = "includes are written from the root of the tree"
            else:
                why = (our_room_problem(path, header)
                       or third_party_problem(path, header))
            if why:
                problems.append(f'{path}:{line}: "{header}": {why}')
    return problems, count


def main():
    problems, count = problems_of(root_from_arguments())
    finish(problems, f"directions of {count} includes")


if __name__ == "__main__":
    main()
