#!/usr/bin/python3
"""Measures one-off commands: Airlock against `docker run` and `docker exec`.

  tests/bench/one_off.py [--rounds 30] [--warm 4] [--build build]

Starts `airlock up` with a state of its own on free ports, then runs /bin/true
by each way in turn, so that all see the same machine, and prints a table of
milliseconds. `docker run` gets the same limits and hardening. --warm says how
many sandboxes wait; 0: each is made when it is asked for. Nothing here passes
or fails: a clock is no test.
"""

import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

DOCKER = "/usr/bin/docker"
IMAGE = "airlock/sandbox:latest"
HARDENING = [
    "--network", "none", "--cap-drop", "ALL", "--read-only",
    "--security-opt", "no-new-privileges", "--user", "65534:65534",
    "--memory", "512m", "--memory-swap", "512m", "--cpus", "1",
    "--pids-limit", "128", "--log-driver", "none",
    "--tmpfs", "/workspace:size=192m,exec", "--tmpfs", "/tmp:size=64m",
]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def configuration(warm):
    """All services on ports that are free now."""
    at = [f"127.0.0.1:{port}" for port in free_ports(8)]
    return {
        "autonomy": {"level": "full"},
        "sandbox": {"warmPool": {"size": warm}},
        "gateway": {"listen": at[0], "policyTarget": at[1],
                    "metricsListen": at[2], "probeListen": at[3]},
        "policy": {"listen": at[1], "metricsListen": at[4],
                   "probeListen": at[5]},
        "executor": {"policyTargets": [at[1]], "metricsListen": at[6],
                     "probeListen": at[7]},
    }


def start_airlock(binary, folder, warm):
    config = folder / "airlock.json"
    config.write_text(json.dumps(configuration(warm)))
    process = subprocess.Popen(
        [binary, "up", "--state", folder / "state", "--config", config],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in process.stdout:
        if line.strip() == "ready":
            return process
    sys.exit("airlock up did not become ready")


def milliseconds(command, environment=None):
    begin = time.monotonic()
    subprocess.run(command, env=environment, check=True,
                   stdout=subprocess.DEVNULL)
    return (time.monotonic() - begin) * 1000


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def report(measured):
    base = percentile(measured["docker run"], 0.5)
    print(f"{'':16}{'p50':>8}{'p90':>8}{'p99':>8}  p50 of docker run")
    for name, values in measured.items():
        p50, p90, p99 = (percentile(values, p) for p in (0.5, 0.9, 0.99))
        print(f"{name:16}{p50:8.1f}{p90:8.1f}{p99:8.1f}  {p50 / base:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, choices=range(1, 501),
                        metavar="1..500")
    parser.add_argument("--warm", type=int, default=4, choices=range(0, 65),
                        metavar="0..64")
    parser.add_argument("--build", type=pathlib.Path,
                        default=pathlib.Path("build"))
    options = parser.parse_args()
    airlock = str((options.build / "bin" / "airlock").resolve())

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        up = start_airlock(airlock, folder, options.warm)
        environment = {**os.environ, "AIRLOCK_STATE": str(folder / "state")}
        warm = subprocess.run(
            [DOCKER, "run", "-d", "--rm", *HARDENING, IMAGE, "sleep", "3600"],
            check=True, capture_output=True, text=True).stdout.strip()
        ways = {
            "docker run": [DOCKER, "run", "--rm", *HARDENING, IMAGE,
                           "/bin/true"],
            "docker exec": [DOCKER, "exec", warm, "/bin/true"],
            "airlock run": [airlock, "run", "--", "/bin/true"],
        }
        measured = {way: [] for way in ways}
        try:
            for _ in range(options.rounds):
                for way, command in ways.items():
                    measured[way].append(milliseconds(command, environment))
        finally:
            subprocess.run([DOCKER, "rm", "-f", warm], check=False,
                           stdout=subprocess.DEVNULL)
            up.send_signal(signal.SIGTERM)
            up.wait(timeout=60)
    report(measured)


if __name__ == "__main__":
    main()
