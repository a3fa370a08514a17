#!/usr/bin/python3
"""Measures Airlock on a sandbox host over SSH against ssh itself.

  tests/bench/ssh.py [--rounds 30] [--build build]

A real sshd of this machine on loopback, with one key exchange for all. In
turn: ssh with a new connection, ssh over a ControlMaster socket, Airlock
through its three services (a command in a session, one-offs that wait and
that do not), and the same session on Docker. Then the same host behind a line
of 50 ms there and back, where a command in a session should take little more
than one round trip; then commands a second by 16 clients, and 100 MB of
standard output.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import tempfile
import time

from measure import Load, Services, milliseconds, percentile, report

CLIENTS = 16
WARM = 4
OUTPUT_BYTES = 100_000_000
# Of the host that is far away.
ONE_WAY_MS = 25
FAR_ROUNDS = 20
MOST_ROUND_TRIPS = 1.2
# Until sandboxes that were used are replaced.
SETTLE_SECONDS = 0.5


@contextlib.contextmanager
def sandbox_host(build, one_way_ms=0):
    """The section sandbox.ssh of a host of our own, so far away."""
    process = subprocess.Popen(
        [build.resolve() / "tests/e2e/ssh/ssh_host", str(one_way_ms)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(timeout=30)


@contextlib.contextmanager
def ssh_commands(host, folder):
    """ssh with a connection of its own, and with one that is there."""
    common = ["ssh", "-F", "/dev/null", "-p", str(host["port"]), "-i",
              host["privateKeyPath"], "-o", "BatchMode=yes", "-o",
              "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
              "-o", "LogLevel=ERROR", "-o", "KexAlgorithms=curve25519-sha256"]
    where = f"{host['username']}@{host['host']}"
    socket = ["-o", f"ControlPath={folder}/control"]
    subprocess.run([*common, *socket, "-o", "ControlMaster=yes", "-fN", where],
                   check=True)
    try:
        yield [*common, where], [*common, *socket, where]
    finally:
        subprocess.run([*common, *socket, "-O", "exit", where], check=True,
                       stderr=subprocess.DEVNULL)


def stream_rate(command):
    """MB/s of an output that ssh carries."""
    begin = time.monotonic()
    subprocess.run([*command, f"head -c {OUTPUT_BYTES} /dev/zero"], check=True,
                   stdout=subprocess.DEVNULL)
    return OUTPUT_BYTES / 1e6 / (time.monotonic() - begin)


def report_distance(command, session):
    """How many round trips a command takes that does nothing."""
    for name, values in (("ssh, ControlMaster", command),
                         ("Airlock, in a session", session)):
        trips = [value / (2 * ONE_WAY_MS) for value in values]
        print(f"{2 * ONE_WAY_MS} ms away, {name}: "
              f"{percentile(trips, .5):.2f} round trips, p90 "
              f"{percentile(trips, .9):.2f}, p99 {percentile(trips, .99):.2f}")
    print(f"wanted: {MOST_ROUND_TRIPS} at most")


def latency(ways, rounds):
    measured = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            measured[name] += way()
            time.sleep(SETTLE_SECONDS)
    report(measured, ["ssh, cold", "ssh, ControlMaster"])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30,
                        choices=range(5, 201), metavar="5..200")
    parser.add_argument("--build", type=pathlib.Path,
                        default=pathlib.Path("build"))
    options = parser.parse_args()
    executor = {"maxRunning": CLIENTS + 4, "maxSandboxes": 64}

    def changes(sandbox):
        return {"sandbox": {"outputLimit": "1g", **sandbox},
                "executor": executor}

    with contextlib.ExitStack() as stack:
        def load(sandbox):
            folder = pathlib.Path(stack.enter_context(
                tempfile.TemporaryDirectory()))
            services = stack.enter_context(
                Services(options.build, folder, changes(sandbox)))
            return stack.enter_context(Load(services))

        host = stack.enter_context(sandbox_host(options.build))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        cold, mastered = stack.enter_context(ssh_commands(host, folder))
        over_ssh = {"backend": "ssh", "ssh": host}
        waiting = load({**over_ssh, "warmPool": {"size": WARM}})
        fresh = load({**over_ssh, "warmPool": {"size": 0}})
        docker = load({"warmPool": {"size": 0}})
        latency({
            "ssh, cold": lambda: [milliseconds([*cold, "true"])],
            "ssh, ControlMaster": lambda: [milliseconds([*mastered, "true"])],
            "Airlock, in a session": lambda: waiting.run(20, 1, "s")[0],
            "Airlock, in a session, Docker": lambda: docker.run(20, 1, "s")[0],
            "Airlock, one-off, waiting": lambda: waiting.run(1, 1, "-")[0],
            "Airlock, one-off, fresh": lambda: fresh.run(1, 1, "-")[0],
        }, options.rounds)
        far_host = stack.enter_context(
            sandbox_host(options.build, ONE_WAY_MS))
        far = load({"backend": "ssh", "ssh": far_host, "warmPool": {"size": 0}})
        _, far_mastered = stack.enter_context(ssh_commands(
            far_host, stack.enter_context(tempfile.TemporaryDirectory())))
        far.run(1, 1, "s")
        report_distance([milliseconds([*far_mastered, "true"])
                         for _ in range(FAR_ROUNDS)],
                        far.run(FAR_ROUNDS * 5, 1, "s")[0])
        waiting.run(CLIENTS * 4, CLIENTS, "rate")
        taken, seconds = waiting.run(options.rounds * 50, CLIENTS, "rate")
        print(f"in sessions, {CLIENTS} clients: {len(taken) / seconds:.0f}/s, "
              f"p99 {percentile(taken, .99):.1f} ms")
        bare = percentile([stream_rate(cold) for _ in range(3)], .5)
        ours = percentile(
            [OUTPUT_BYTES / 1e6 /
             waiting.ask("output", OUTPUT_BYTES, "output")["seconds"]
             for _ in range(3)], .5)
        print(f"100 MB of output: {ours:.0f} MB/s; ssh itself: {bare:.0f} MB/s; "
              f"{ours / bare:.2f} of it")


if __name__ == "__main__":
    main()
