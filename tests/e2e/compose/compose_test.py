"""Starts docker-compose.yml with built programs and uses it.

  python3 compose_test.py ROOT BIN

The images are built on the local base of deploy/sandbox-image.sh, so no image
registry is needed. Everything that is started here is removed at the end.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

DOCKER = "/usr/bin/docker"
COMPOSE = ["docker-compose"]
BASE = "airlock/base:12"
SERVICES_IMAGE = "airlock/services:test"
PROMETHEUS_IMAGE = "airlock/prometheus:test"
SOCKET = "/var/run/docker.sock"
SERVICES = ("gateway", "policy", "executor")
PROGRAMS = ("airlock", "airlock-gateway", "airlock-policy",
            "airlock-executor", "airlock-runner")
# How long to wait for a fact, and how often to look.
PATIENCE_SECONDS = 90
LOOK_SECONDS = 0.5

ROOT, BIN = (os.path.abspath(path) for path in sys.argv[1:3])


def run(*command, env=None, check=True):
    """Runs a command in ROOT; shows its output if it fails."""
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True,
                          text=True)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} ended with "
                             f"{done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def eventually(fact, what):
    """Waits until fact() is true, at most PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(LOOK_SECONDS)


class ComposeTest(unittest.TestCase):
    """One start of everything; each test states one fact about it."""

    @classmethod
    def setUpClass(cls):
        context = tempfile.mkdtemp(prefix="airlock-compose-")
        cls.addClassCleanup(shutil.rmtree, context)
        os.mkdir(os.path.join(context, "bin"))
        for program in PROGRAMS:
            shutil.copy(os.path.join(BIN, program),
                        os.path.join(context, "bin"))
        shutil.copytree(os.path.join(ROOT, "deploy", "docker"),
                        os.path.join(context, "deploy", "docker"))
        run("deploy/sandbox-image.sh")
        run("deploy/sandbox-image.sh", "--base-only")
        run(DOCKER, "build", "--build-arg", f"BASE={BASE}", "-t",
            PROMETHEUS_IMAGE, "-f", "deploy/docker/prometheus.Dockerfile",
            "deploy/docker")
        cls.env = dict(
            os.environ, COMPOSE_PROJECT_NAME=f"airlocktest{os.getpid()}",
            BASE=BASE, AIRLOCK_CONTEXT=context, AIRLOCK_TARGET="prebuilt",
            AIRLOCK_IMAGE=SERVICES_IMAGE, PROMETHEUS_IMAGE=PROMETHEUS_IMAGE,
            # Any free port.
            AIRLOCK_PORT="127.0.0.1:", PROMETHEUS_PORT="127.0.0.1:",
            DOCKER_GID=str(os.stat(SOCKET).st_gid), DOCKER_BUILDKIT="0")
        cls.addClassCleanup(cls.compose, "down", "-v", "--remove-orphans",
                            "-t", "20")
        try:
            cls.compose("up", "-d", "--build")
            eventually(lambda: all(cls.health(name) == "healthy"
                                   for name in SERVICES),
                       "the three services are healthy")
        except AssertionError as error:
            raise AssertionError(
                f"{error}\n{cls.compose('logs', '--no-color').stdout}"
            ) from None

    @classmethod
    def compose(cls, *arguments, check=True):
        return run(*COMPOSE, *arguments, env=cls.env, check=check)

    @classmethod
    def inspect(cls, service):
        """What the engine says about a service's container."""
        container = cls.compose("ps", "-q", service).stdout.strip()
        return json.loads(run(DOCKER, "inspect", container).stdout)[0]

    @classmethod
    def health(cls, service):
        return cls.inspect(service)["State"]["Health"]["Status"]

    def airlock(self, *arguments):
        """The command line as an agent, in a container beside the gateway."""
        return self.compose("run", "--rm", "-T", "agent", "airlock",
                            *arguments, check=False)

    def prometheus(self, query):
        """{job: value} of an instant query."""
        port = self.compose("port", "prometheus", "9090").stdout.strip()
        url = f"http://{port}/api/v1/query?" + urllib.parse.urlencode(
            {"query": query})
        with urllib.request.urlopen(url, timeout=5) as response:
            answer = json.load(response)
        return {one["metric"].get("job"): float(one["value"][1])
                for one in answer["data"]["result"]}

    def test_runs_an_execution(self):
        done = self.airlock("run", "--", "echo", "Hello from sandbox")

        self.assertEqual(done.stdout, "Hello from sandbox\n", done.stderr)
        self.assertEqual(done.returncode, 0)

    def test_passes_on_the_exit_code_of_code(self):
        done = self.airlock("run", "--lang", "python", "--",
                            "import sys; sys.exit(7)")

        self.assertEqual(done.returncode, 7, done.stderr)

    def test_prometheus_scrapes_the_three_services(self):
        self.airlock("run", "--", "true")

        eventually(lambda: self.prometheus("up") == {
            name: 1.0 for name in SERVICES}, "three targets are up")
        eventually(
            lambda: sum(self.prometheus(
                "sum by (job) (airlock_executor_executions_total)"
            ).values()) >= 1, "the execution is counted")

    def test_only_the_executor_sees_the_engine(self):
        for name in (*SERVICES, "prometheus"):
            mounts = {one["Destination"] for one in
                      self.inspect(name)["Mounts"]}
            self.assertEqual(SOCKET in mounts, name == "executor", name)

    def test_services_have_nothing_they_do_not_need(self):
        for name in (*SERVICES, "prometheus"):
            facts = self.inspect(name)
            self.assertTrue(facts["HostConfig"]["ReadonlyRootfs"], name)
            self.assertEqual(facts["HostConfig"]["CapDrop"], ["ALL"], name)
            self.assertIn("no-new-privileges:true",
                          facts["HostConfig"]["SecurityOpt"], name)
            self.assertNotIn(facts["Config"]["User"].split(":")[0],
                             ("", "0", "root"), name)

    def test_no_service_holds_the_key_of_another(self):
        for name in SERVICES:
            keys = self.compose(
                "exec", "-T", name, "find", "/var/lib/airlock", "-name",
                "*.key").stdout.split()
            expected = {f"/var/lib/airlock/{name}/{name}.key"}
            if name == "policy":
                expected.add("/var/lib/airlock/policy/grant.key")
            self.assertEqual(set(keys), expected)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
