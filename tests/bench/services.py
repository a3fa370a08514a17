#!/usr/bin/python3
"""Measures Airlock through its three services against Docker's own ways.

  tests/bench/services.py [--rounds 60] [--build build] [PART...]

Gateway, policy service and executor are processes of their own, with mutual
TLS between them; the client speaks gRPC over loopback. Parts (default: all):

  latency     one command at a time: docker run, docker exec, a one-off in a
              sandbox that waits, a command in a session; all in turn
  rate        commands a second by 16 clients, each with a session
  sustained   one-offs without a pause, against the best of docker run
  refill      commands in a session while sandboxes are made beside it
  output      100 MB of standard output, against an attach stream of the engine
  ends        how late commands end that do not heed SIGTERM
  idle        memory of the services, of sandboxes that wait, of idle watchers
"""

import argparse
import concurrent.futures
import pathlib
import subprocess
import tempfile
import time

from measure import (DOCKER, DOCKER_RUN, Load, Services, attach_stream_seconds,
                     memory_mb, milliseconds, percentile, report,
                     running_container)

WARM = 8
OUTPUT_BYTES = 100_000_000
CLIENTS = 16
# Until a container is gone, and the sandboxes that were used are replaced.
SETTLE_SECONDS = 1
TIMEOUT_MS = 200
# Between SIGTERM and SIGKILL.
GRACE_MS = 1000
WATCHERS = 1000


def latency(services, load, rounds):
    """One command at a time, every way in turn, and none on the cost of
    another: a container goes on being removed when its command has ended."""
    measured = {"docker run": [], "docker exec": [],
                "Airlock, one-off, warm": [], "Airlock, in a session": []}
    load.run(5, 1, "latency")
    with running_container() as container:
        ways = {
            "docker run": lambda: [milliseconds([*DOCKER_RUN, "/bin/true"])],
            "docker exec": lambda: [milliseconds(
                [DOCKER, "exec", container, "/bin/true"])],
            "Airlock, one-off, warm": lambda: load.run(1, 1, "-")[0],
            "Airlock, in a session": lambda: load.run(20, 1, "latency")[0]}
        for _ in range(rounds):
            for name, way in ways.items():
                measured[name] += way()
                time.sleep(SETTLE_SECONDS)
    report(measured, ["docker exec", "docker run"])


def rate(services, load, rounds):
    """Commands a second, by many at once."""
    load.run(CLIENTS * 4, CLIENTS, "rate")
    taken, seconds = load.run(rounds * 50, CLIENTS, "rate")
    print(f"in sessions, {CLIENTS} clients: {len(taken) / seconds:.0f}/s, "
          f"p50 {percentile(taken, .5):.1f} ms, "
          f"p99 {percentile(taken, .99):.1f} ms")
    with running_container() as container, \
            concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        begin = time.monotonic()
        list(pool.map(lambda _: milliseconds(
            [DOCKER, "exec", container, "/bin/true"]), range(rounds)))
        print(f"docker exec, {CLIENTS} at once: "
              f"{rounds / (time.monotonic() - begin):.0f}/s")


def docker_run_rate(count, at_once):
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        begin = time.monotonic()
        list(pool.map(lambda _: milliseconds([*DOCKER_RUN, "/bin/true"]),
                      range(count)))
        return count / (time.monotonic() - begin)


def sustained(services, load, rounds):
    """One-offs faster than sandboxes can be made."""
    best = max(docker_run_rate(rounds, at_once) for at_once in (1, 2, 4))
    load.run(WARM * 2, 4, "-")
    taken, seconds = load.run(rounds, 4, "-")
    ours = len(taken) / seconds
    print(f"one-offs without a pause: {ours:.1f}/s; docker run at its best: "
          f"{best:.1f}/s; {ours / best:.2f} of it")
    print(f"  each, the pool empty: p50 {percentile(taken, .5):.0f} ms, "
          f"p99 {percentile(taken, .99):.0f} ms")


def refill(services, load, rounds):
    """Commands in a session beside the making of sandboxes."""
    load.run(5, 1, "refill")
    measured = {"in a session, idle": load.run(rounds * 20, 1, "refill")[0]}
    with Load(services) as other:
        other.send("run", WARM * 3, 4, "-")
        beside = []
        while len(beside) < rounds * 20:
            beside += load.run(20, 1, "refill")[0]
            if len(beside) % 400 == 0:
                other.answer()
                other.send("run", WARM * 3, 4, "-")
        other.answer()
    measured["in a session, beside a refill"] = beside
    report(measured, ["in a session, idle"])
    p99 = [percentile(values, .99) for values in measured.values()]
    print(f"  p99 beside a refill: {p99[1] / p99[0]:.1f} times the idle one")


def output(services, load, rounds):
    """A large output, and what it does to the services."""
    load.run(1, 1, "output")
    load.ask("output", 1000, "output")
    before = services.memory("VmHWM")
    ours, bare = [], []
    with running_container() as container:
        for _ in range(max(3, rounds // 20)):
            bare.append(OUTPUT_BYTES / 1e6 /
                        attach_stream_seconds(container, OUTPUT_BYTES))
            ours.append(OUTPUT_BYTES / 1e6 /
                        load.ask("output", OUTPUT_BYTES, "output")["seconds"])
    grown = {name: round(after - before[name], 1)
             for name, after in services.memory("VmHWM").items()}
    middle = percentile(ours, .5), percentile(bare, .5)
    print(f"100 MB of output: {middle[0]:.0f} MB/s; attach stream of the "
          f"engine: {middle[1]:.0f} MB/s; {middle[0] / middle[1]:.2f} of it")
    print(f"  peak memory of the services grew by {grown} MB")


def ends(services, load, rounds):
    """From a cancel or a timeout to the last event, beyond the grace."""
    load.run(1, 1, "ends")
    late = {"cancel": [millis - GRACE_MS for millis in load.ask(
                "cancel", rounds, "ends")["millis"]],
            "timeout": [millis - TIMEOUT_MS - GRACE_MS for millis in load.ask(
                "timeout", rounds, TIMEOUT_MS, "ends")["millis"]]}
    report({f"{name}, beyond the grace": values
            for name, values in late.items()}, [])


def warm_sandbox_mb():
    """MB of each waiting sandbox: its processes and the engine's for it."""
    ids = subprocess.run(
        [DOCKER, "ps", "-q", "--no-trunc", "--filter",
         "label=airlock.executor_id"],
        check=True, capture_output=True, text=True).stdout.split()
    total = 0
    for each in ids:
        pids = [line.split()[0] for line in subprocess.run(
            ["ps", "-eo", "pid,args"], check=True, capture_output=True,
            text=True).stdout.splitlines() if "shim" in line and each in line]
        pids.append(subprocess.run(
            [DOCKER, "inspect", "-f", "{{.State.Pid}}", each],
            check=True, capture_output=True, text=True).stdout.strip())
        total += sum(memory_mb(pid, "Pss") for pid in pids)
    return total / len(ids), len(ids)


def idle(services, load, rounds):
    """Memory while nothing happens."""
    resident = services.memory("VmRSS")
    print("resident MB:", {k: round(v, 1) for k, v in resident.items()})
    each, count = warm_sandbox_mb()
    print(f"{count} sandboxes: {each:.1f} MB each (PSS of runner and shim)")
    load.ask("watch", 0)
    before = services.memory("VmRSS")
    load.ask("watch", WATCHERS)
    time.sleep(2)
    grown = {name: round(after - before[name], 1)
             for name, after in services.memory("VmRSS").items()}
    print(f"{WATCHERS} idle watchers: {grown} MB more")


PARTS = {part.__name__: part
         for part in (idle, latency, rate, refill, output, ends, sustained)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART",
                        choices=[*PARTS, []])
    parser.add_argument("--rounds", type=int, default=60,
                        choices=range(10, 501), metavar="10..500")
    parser.add_argument("--build", type=pathlib.Path,
                        default=pathlib.Path("build"))
    options = parser.parse_args()
    changes = {"sandbox": {"warmPool": {"size": WARM}, "outputLimit": "1g"},
               "executor": {"maxRunning": CLIENTS + 4, "maxSandboxes": 64}}
    with tempfile.TemporaryDirectory() as name:
        with Services(options.build, pathlib.Path(name), changes) as services, \
                Load(services) as load:
            for part in PARTS.values():
                if not options.parts or part.__name__ in options.parts:
                    print(f"--- {part.__name__}", flush=True)
                    part(services, load, options.rounds)


if __name__ == "__main__":
    main()
