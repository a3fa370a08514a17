#!/usr/bin/python3
"""Measures what it costs that a human decides and that nothing is lost.

  tests/bench/durable.py [--rounds 60] [--build build] [--on .] [PART...]

Two Airlocks of three services each, as in services.py: one keeps everything in
memory, the other one in a file. Parts (default: all):

  store       a command in a session, with either store and in turn, beside the
              time that the disk takes to keep 4 KiB (fdatasync)
  start       from an approval that is sent to the process that runs
  restart     SIGKILL of the policy service with 1,000 open questions and work
              that runs: until it is ready, and what is still there
  pending     10,000 open questions: size of the store, memory, and what they
              do to work that nobody is asked about
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import tempfile
import time

from measure import Load, Services, percentile, report

SYNCS_PER_ROUND = 10
SYNC_BYTES = 4096
SYNC_PAUSE_SECONDS = .003
RESTART_QUESTIONS = 1_000
RUNNING = 2
MANY_QUESTIONS = 10_000
CLIENTS = 16


def sync_milliseconds(folder):
    """How long the disk takes to keep a little more of a file, after the pause
    that lies between two commits too: an idle disk is slower."""
    taken = []
    with open(folder / "sync", "ab", buffering=0) as file:
        for _ in range(SYNCS_PER_ROUND):
            time.sleep(SYNC_PAUSE_SECONDS)
            file.write(os.urandom(SYNC_BYTES))
            begin = time.monotonic()
            os.fdatasync(file.fileno())
            taken.append((time.monotonic() - begin) * 1000)
    return taken


def store(memory, file, rounds):
    """The same command with both stores."""
    measured = {"fdatasync of 4 KiB": [], "in a session, memory": [],
                "in a session, file": []}
    for load in (memory.load, file.load):
        load.run(20, 1, "store")
    for _ in range(rounds):
        measured["fdatasync of 4 KiB"] += sync_milliseconds(file.folder)
        measured["in a session, memory"] += memory.load.run(20, 1, "store")[0]
        measured["in a session, file"] += file.load.run(20, 1, "store")[0]
    report(measured, ["in a session, memory"])
    sync, bare, kept = (percentile(values, .5) for values in measured.values())
    print(f"  p50 with the file: {kept - bare:.2f} ms more, "
          f"{(kept - bare) / sync:.2f} times that of fdatasync")


def start(memory, file, rounds):
    """Approvals, one after another."""
    file.load.ask("approve", 5, "start")
    micros = file.load.ask("approve", rounds, "start")["micros"]
    report({"approval to process": [each / 1000 for each in micros]}, [])


def sleeper(services):
    """A command that runs while the policy service is killed."""
    return subprocess.run(
        [services.bin / "airlock", "run", "--endpoint", services.endpoint,
         "--", "sh", "-c", "echo begun; sleep 5; echo done"], check=False,
        capture_output=True, text=True,
        env={**os.environ, "AIRLOCK_TOKEN": services.token})


def restart(memory, file, rounds):
    """A kill with open questions and running work."""
    services = file.services
    file.load.ask("raise", RESTART_QUESTIONS, CLIENTS)
    with concurrent.futures.ThreadPoolExecutor(RUNNING) as pool:
        runs = [pool.submit(sleeper, services) for _ in range(RUNNING)]
        time.sleep(1)
        begin = time.monotonic()
        services.kill_and_start("policy")
        if not services.healthy_within(60, services.policy_probe):
            raise SystemExit("the policy service did not become ready")
        ready = time.monotonic() - begin
        listed = None
        while listed is None:
            listed = services.ask("approvals", "ls", "--limit",
                                  str(MANY_QUESTIONS))
        answering = time.monotonic() - begin
        ends = [run.result() for run in runs]
    print(f"killed with {RESTART_QUESTIONS} open questions and {RUNNING} "
          f"commands that run: ready after {ready:.2f} s, answering through "
          f"the gateway after {answering:.2f} s")
    whole = sum(end.stdout == "begun\ndone\n" for end in ends)
    print(f"  questions listed: {len(listed['approvals'])}; commands that ended "
          f"well with all their output: {whole}")


def store_mb(folder):
    """MB of the store's files."""
    return sum(path.stat().st_size
               for path in folder.glob("store.db*")) / 1e6


def pending(memory, file, rounds):
    """Many open questions."""
    policy = file.services
    alone = file.load.run(rounds * 20, 1, "pending")[0]
    rate_alone = throughput(file.load, rounds)
    before = store_mb(file.folder), policy.memory("VmRSS")["policy"]
    told = file.load.ask("raise", MANY_QUESTIONS, CLIENTS)
    time.sleep(5)
    after = store_mb(file.folder), policy.memory("VmRSS")["policy"]
    beside = file.load.run(rounds * 20, 1, "pending")[0]
    rate_beside = throughput(file.load, rounds)
    print(f"{MANY_QUESTIONS} open questions, asked at "
          f"{MANY_QUESTIONS / told['seconds']:.0f}/s: store "
          f"{after[0] - before[0]:.1f} MB more, policy service "
          f"{after[1] - before[1]:.1f} MB more")
    report({"in a session, none open": alone,
            "in a session, beside them": beside}, ["in a session, none open"])
    print(f"  {CLIENTS} clients: {rate_alone:.0f}/s with none open, "
          f"{rate_beside:.0f}/s beside them")


def throughput(load, rounds):
    """Commands a second by many clients."""
    load.run(CLIENTS * 4, CLIENTS, "many")
    taken, seconds = load.run(rounds * 20, CLIENTS, "many")
    return len(taken) / seconds


PARTS = {part.__name__: part for part in (store, start, restart, pending)}


class Airlock:
    """Services, their load and their folder."""

    def __init__(self, build, folder, policy):
        folder.mkdir()
        self.folder = folder
        self.services = Services(build, folder, self._changes(policy))
        self.load = None

    @staticmethod
    def _changes(policy):
        """Code is asked about, commands are not."""
        return {
            "sandbox": {"warmPool": {"size": 2}},
            "executor": {"maxRunning": CLIENTS + 4, "maxSandboxes": 64},
            "gateway": {"maxCallsPerSecond": 100_000},
            "approvalGating": {
                "approvers": ["ann"], "timeout": 3_600_000,
                "maxPending": 2 * MANY_QUESTIONS,
                "rules": [{"action": "code_exec", "approval": "required"}]},
            "policy": {"maxPendingApprovals": 2 * MANY_QUESTIONS,
                       "maxKeptExecutions": 5 * MANY_QUESTIONS, **policy},
        }

    def __enter__(self):
        self.services.__enter__()
        self.load = Load(self.services)
        return self

    def __exit__(self, *_):
        self.load.__exit__()
        self.services.__exit__()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART",
                        choices=[*PARTS, []])
    parser.add_argument("--rounds", type=int, default=60,
                        choices=range(10, 501), metavar="10..500")
    parser.add_argument("--build", type=pathlib.Path,
                        default=pathlib.Path("build"))
    parser.add_argument("--on", type=pathlib.Path, default=pathlib.Path("."),
                        help="a directory of the disk to measure on")
    options = parser.parse_args()
    for part in PARTS.values():
        if options.parts and part.__name__ not in options.parts:
            continue
        print(f"--- {part.__name__}", flush=True)
        with tempfile.TemporaryDirectory(dir=options.on) as name:
            at = pathlib.Path(name).resolve()
            with Airlock(options.build, at / "memory", {}) as memory, \
                    Airlock(options.build, at / "file", {
                        "storePath": str(at / "file/store.db")}) as file:
                part(memory, file, options.rounds)


if __name__ == "__main__":
    main()
