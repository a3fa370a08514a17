"""What the benchmarks share: Docker's own ways, Airlock's services, numbers.

Nothing here passes or fails: a clock is no test.
"""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time

DOCKER = "/usr/bin/docker"
ENGINE = "/var/run/docker.sock"
IMAGE = "airlock/sandbox:latest"
# The limits and hardening of Airlock's sandboxes, as `docker run` takes them.
HARDENING = [
    "--network", "none", "--cap-drop", "ALL", "--read-only",
    "--security-opt", "no-new-privileges", "--user", "65534:65534",
    "--memory", "512m", "--memory-swap", "512m", "--cpus", "1",
    "--pids-limit", "128", "--log-driver", "none",
    "--tmpfs", "/workspace:size=192m,exec", "--tmpfs", "/tmp:size=64m",
]
DOCKER_RUN = [DOCKER, "run", "--rm", *HARDENING, IMAGE]


def free_ports(count):
    """Ports of loopback that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def milliseconds(command, environment=None):
    """How long the command takes, which must succeed."""
    begin = time.monotonic()
    subprocess.run(command, env=environment, check=True,
                   stdout=subprocess.DEVNULL)
    return (time.monotonic() - begin) * 1000


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def report(measured, bases):
    """A table of milliseconds, with the p50 as a part of those of `bases`."""
    heads = "".join(f"{'/ ' + base:>15}" for base in bases)
    print(f"{'milliseconds':34}{'p50':>8}{'p90':>8}{'p99':>8}{heads}")
    for name, values in measured.items():
        row = "".join(f"{percentile(values, p):8.2f}" for p in (.5, .9, .99))
        for base in bases:
            part = percentile(values, .5) / percentile(measured[base], .5)
            row += f"{part:15.4f}"
        print(f"{name:34}{row}")


@contextlib.contextmanager
def running_container():
    """The id of a container that sleeps, as Airlock's are limited."""
    name = subprocess.run(
        [DOCKER, "run", "-d", "--rm", *HARDENING, IMAGE, "sleep", "3600"],
        check=True, capture_output=True, text=True).stdout.strip()
    try:
        yield name
    finally:
        subprocess.run([DOCKER, "rm", "-f", name], check=False,
                       stdout=subprocess.DEVNULL)


class EngineConnection(http.client.HTTPConnection):
    """HTTP to the engine's socket."""

    def __init__(self):
        super().__init__("localhost")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(ENGINE)

    def ask(self, method, path, body):
        self.request(method, path, json.dumps(body),
                     {"Content-Type": "application/json"})
        return self.getresponse()


def attach_stream_seconds(container, count):
    """How long the engine takes to stream `count` bytes of an exec."""
    command = {"AttachStdout": True,
               "Cmd": ["head", "-c", str(count), "/dev/zero"]}
    made = EngineConnection()
    exec_id = json.load(made.ask("POST", f"/containers/{container}/exec",
                                 command))["Id"]
    made.close()
    begin = time.monotonic()
    stream = EngineConnection()
    answer = stream.ask("POST", f"/exec/{exec_id}/start",
                        {"Detach": False, "Tty": False})
    came = 0
    while head := answer.read(8):
        left = struct.unpack(">BxxxL", head)[1]
        came += left
        while left:
            left -= len(answer.read(min(left, 1 << 16)))
    stream.close()
    if came != count:
        sys.exit(f"the engine streamed {came} bytes of {count}")
    return time.monotonic() - begin


def memory_mb(pid, key):
    """A value of /proc/PID/smaps_rollup or status, in MB."""
    file = "smaps_rollup" if key == "Pss" else "status"
    for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024
    raise KeyError(key)


class Services:
    """Gateway, policy service and executor, each a process of its own.

    Mutual TLS inside; agents connect to `endpoint` over loopback with `token`.
    """

    NAMES = ("policy", "gateway", "executor")

    def __init__(self, build, folder, changes):
        self.bin = build.resolve() / "bin"
        self.folder = folder
        self.processes = {}
        airlock = self.bin / "airlock"
        certs = folder / "certs"
        subprocess.run([airlock, "certs", "init", "--dir", certs], check=True,
                       stdout=subprocess.DEVNULL)
        self.token = self._token("agent", "bench")
        self.approver_token = self._token("approver", "ann")
        config = self._config(certs)
        for section, keys in changes.items():
            config.setdefault(section, {}).update(keys)
        (folder / "airlock.json").write_text(json.dumps(config))

    def _token(self, role, name):
        return subprocess.run(
            [self.bin / "airlock", "tokens", "create", "--file",
             self.folder / "tokens.json", "--role", role, "--id", name],
            check=True, capture_output=True, text=True).stdout.strip()

    def _config(self, certs):
        at = [f"127.0.0.1:{port}" for port in free_ports(8)]
        self.endpoint = at[0]
        self.policy_probe = at[5]
        self.probe = at[7]

        def tls(role):
            return {"certPath": str(certs / f"{role}.pem"),
                    "keyPath": str(certs / f"{role}.key"),
                    "caPath": str(certs / "ca.pem")}

        tokens = str(self.folder / "tokens.json")
        state = self.folder / "executor"
        state.mkdir(mode=0o700)
        return {
            "autonomy": {"level": "full"},
            "gateway": {"listen": at[0], "internalTls": tls("gateway"),
                        "policyTarget": at[1], "tokensPath": tokens,
                        "metricsListen": at[2], "probeListen": at[3]},
            "policy": {"listen": at[1], "tls": tls("policy"),
                       "tokensPath": tokens,
                       "grantKeyPath": str(certs / "grant.key"),
                       "metricsListen": at[4], "probeListen": at[5]},
            "executor": {"statePath": str(state), "policyTargets": [at[1]],
                         "tls": tls("executor"),
                         "grantPublicKeyPath": str(certs / "grant.pub"),
                         "metricsListen": at[6], "probeListen": at[7]},
        }

    def __enter__(self):
        for name in self.NAMES:
            self._start(name)
        if not self.healthy_within(60, self.probe):
            self.__exit__()
            sys.exit((self.folder / "executor.log").read_text()[-2000:])
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes.values()):
            process.terminate()
            process.wait(timeout=60)

    def _start(self, name):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [self.bin / f"airlock-{name}", "--config",
                 self.folder / "airlock.json"], stdout=log, stderr=log)

    def kill_and_start(self, name):
        """SIGKILL, and a new process."""
        self.processes[name].kill()
        self.processes[name].wait()
        self._start(name)

    def healthy_within(self, seconds, probe):
        """Whether what answers there becomes ready."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            asked = subprocess.run(
                [self.bin / "airlock", "health", probe], check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if asked.returncode == 0:
                return True
            time.sleep(0.02)
        return False

    def ask(self, *command):
        """What the command line answers the approver, as JSON."""
        done = subprocess.run(
            [self.bin / "airlock", *command, "-o", "json", "--endpoint",
             self.endpoint], check=False, capture_output=True, text=True,
            env={**os.environ, "AIRLOCK_TOKEN": self.approver_token})
        return json.loads(done.stdout) if done.returncode == 0 else None

    def memory(self, key):
        """MB of each service."""
        return {name: memory_mb(process.pid, key)
                for name, process in self.processes.items()}


class Load:
    """airlock_load, which does what it is told."""

    def __init__(self, services):
        self.process = subprocess.Popen(
            [services.bin / "airlock_load", services.endpoint],
            env={**os.environ, "AIRLOCK_TOKEN": services.token,
                 "AIRLOCK_APPROVER_TOKEN": services.approver_token},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=180)

    def send(self, *order):
        print(*order, file=self.process.stdin, flush=True)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("airlock_load ended")
        return json.loads(line)

    def ask(self, *order):
        self.send(*order)
        return self.answer()

    def run(self, count, clients, session):
        """Milliseconds of each command, and the seconds of all."""
        told = self.ask("run", count, clients, session)
        return [micros / 1000 for micros in told["micros"]], told["seconds"]
