#!/usr/bin/python3
"""Measures one-off commands: Airlock against `docker run` and `docker exec`.

  tests/bench/one_off.py [--rounds 30] [--warm 4] [--build build]

Starts `airlock up` with a state of its own on free ports, then runs /bin/true
by each way in turn, so that all see the same machine, and prints a table of
milliseconds. `docker run` gets the same limits and hardening. --warm says how
many sandboxes wait; 0: each is made when it is asked for.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

from measure import (DOCKER, DOCKER_RUN, free_ports, milliseconds, report,
                     running_container)


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
        measured = {"docker run": [], "docker exec": [], "airlock run": []}
        try:
            with running_container() as container:
                ways = {
                    "docker run": [*DOCKER_RUN, "/bin/true"],
                    "docker exec": [DOCKER, "exec", container, "/bin/true"],
                    "airlock run": [airlock, "run", "--", "/bin/true"],
                }
                for _ in range(options.rounds):
                    for way, command in ways.items():
                        measured[way].append(
                            milliseconds(command, environment))
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(timeout=60)
    report(measured, ["docker run"])


if __name__ == "__main__":
    main()
