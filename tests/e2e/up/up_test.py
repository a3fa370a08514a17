"""Starts `airlock up` with a real engine and uses it as a person would.

  python3 up_test.py BIN

Ports are free ones and the state is a directory of its own, so that nothing
else on the machine is in the way. Everything started here is ended here.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

DOCKER = "/usr/bin/docker"
PATIENCE_SECONDS = 60
LOOK_SECONDS = 0.1
# How many wait by default.
WARM_SANDBOXES = 4

BIN = os.path.abspath(sys.argv[1])
AIRLOCK = os.path.join(BIN, "airlock")

ANY_PORT = "127.0.0.1:0"
CONFIG = {
    "sandbox": {"enabled": True, "backend": "docker",
                "image": "airlock/sandbox:latest", "timeout": 30000,
                "memoryLimit": "256m", "cpuLimit": "1.0",
                "networkMode": "none"},
    "autonomy": {"level": "full",
                 "allowedActions": ["code_exec", "system_command"]},
    "approvalGating": {"rules": [
        {"action": "system_command", "approval": "deny",
         "command": "forbidden"}]},
    "gateway": {"listen": ANY_PORT, "metricsListen": ANY_PORT,
                "probeListen": ANY_PORT, "web": {"listen": ANY_PORT}},
    "policy": {"listen": ANY_PORT, "metricsListen": ANY_PORT,
               "probeListen": ANY_PORT},
    "executor": {"metricsListen": ANY_PORT, "probeListen": ANY_PORT},
}


def eventually(fact, what):
    """Waits until fact() is true, at most PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(LOOK_SECONDS)


class Up:
    """A running `airlock up`."""

    def __init__(self, directory, config):
        self.state = os.path.join(directory, "state")
        path = os.path.join(directory, "airlock.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.log_path = os.path.join(directory, "log")
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [AIRLOCK, "up", "--state", self.state, "--config", path],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                text=True)

    def wait_for(self, line):
        """Reads what it says until a line begins with `line`."""
        facts = {}
        for said in self.process.stdout:
            words = said.split(maxsplit=1)
            facts[words[0]] = words[1].strip() if len(words) > 1 else ""
            if said.startswith(line):
                return facts
        raise AssertionError(f"ended before it said {line!r}: {self.log()}")

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def stop(self, number=signal.SIGTERM):
        """Its exit code after a graceful end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE_SECONDS)
        finally:
            self.process.kill()
            self.process.stdout.close()


class UpTest(unittest.TestCase):
    """One start of everything; each test states one fact about it."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="airlock-up-")
        cls.up = Up(cls.directory, CONFIG)
        try:
            cls.facts = cls.up.wait_for("ready")
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.up.stop()
        shutil.rmtree(cls.directory)

    def command(self, *arguments):
        return [AIRLOCK, arguments[0], "--state", self.up.state,
                *arguments[1:]]

    def airlock(self, *arguments, stdin=None):
        """Runs `airlock` to its end."""
        return subprocess.run(self.command(*arguments), input=stdin or b"",
                              capture_output=True, check=False,
                              timeout=PATIENCE_SECONDS)

    def on_executions(self, verb, *arguments):
        return subprocess.run(
            [AIRLOCK, "executions", verb, "--state", self.up.state,
             *arguments], capture_output=True, check=False,
            timeout=PATIENCE_SECONDS)

    def newest(self):
        listed = self.on_executions("ls", "--limit", "1", "-o", "json")
        return json.loads(listed.stdout)["executions"][0]

    def containers(self):
        """Containers of this executor."""
        executor = self.newest()["executorId"]
        shown = subprocess.run(
            [DOCKER, "ps", "-a", "--format", "{{.ID}} {{.Labels}}"],
            capture_output=True, text=True, check=True).stdout
        return [line for line in shown.splitlines() if executor in line]

    def expect(self, done, code, stdout=None, stderr=None):
        self.assertEqual(done.returncode, code, done)
        if stdout is not None:
            self.assertEqual(done.stdout, stdout)
        if stderr is not None:
            self.assertIn(stderr, done.stderr)

    def test_echo(self):
        self.expect(self.airlock("run", "--", "echo", "Hello from sandbox"), 0,
                    b"Hello from sandbox\n")

    def test_every_language_runs(self):
        programs = {"python": "import sys; print(6 * 7, sys.argv[1])",
                    "bash": "echo $((6 * 7)) \"$1\"",
                    "sh": "echo $((6 * 7)) \"$1\"",
                    "node": "console.log(6 * 7, process.argv[2])"}
        for language, code in programs.items():
            with self.subTest(language):
                self.expect(self.airlock("run", "--lang", language, "--", code,
                                         "yes"), 0, b"42 yes\n")

    def test_code_comes_from_a_file_or_standard_input(self):
        path = os.path.join(self.directory, "main.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write("print('from file')")
        self.expect(self.airlock("run", "--lang", "python", "--file", path), 0,
                    b"from file\n")
        self.expect(self.airlock("run", "--lang", "python", "--file", "-",
                                 stdin=b"print('typed')"), 0, b"typed\n")

    def test_standard_input_passes(self):
        data = bytes(range(256)) * 4096
        self.expect(self.airlock("run", "--", "cat", stdin=data), 0, data)

    def test_outputs_stay_apart(self):
        self.expect(self.airlock("run", "--shell", "echo out; echo err >&2"),
                    0, b"out\n", b"err\n")

    def test_exit_codes(self):
        run = self.airlock
        self.expect(run("run", "--shell", "exit 7"), 7)
        self.expect(run("run", "--shell", "kill -TERM $$"), 143)
        self.expect(run("run", "--timeout", "1s", "--", "sleep", "30"), 124,
                    stderr=b"timeout")
        self.expect(run("run", "--", "echo", "forbidden"), 77, b"",
                    b"approvalGating.rules[0]")
        self.expect(run("run", "--", "no-such-program"), 127, b"",
                    b"no-such-program")
        self.expect(run("run", "--", "/etc/passwd"), 126)
        self.expect(run("run", "--lang", "python", "--",
                        "x = bytearray(2 ** 30)"), 137, stderr=b"memory")
        self.expect(run("run", "--lang", "cobol", "--", "x"), 125, b"",
                    b"INVALID_FIELD")

    def test_interrupt_cancels_and_leaves_no_container(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            running = subprocess.Popen(
                self.command("run", "--shell", "echo begun; exec sleep 60"),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE)
            self.assertEqual(running.stdout.readline(), b"begun\n")
            running.send_signal(number)
            _, errors = running.communicate(timeout=PATIENCE_SECONDS)
            self.assertEqual(running.returncode, 130, errors)
            self.assertEqual(self.newest()["outcome"]["endedBy"],
                             "ENDED_BY_CANCELLED")
        eventually(lambda: len(self.containers()) == WARM_SANDBOXES,
                   "only containers that wait are left")

    def test_second_interrupt_detaches_and_watch_attaches_again(self):
        running = subprocess.Popen(
            self.command("run", "--lang", "python", "--",
                         "import signal, time\n"
                         "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                         "print('begun', flush=True)\n"
                         "time.sleep(60)"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.assertEqual(running.stdout.readline(), b"begun\n")
        identity = self.newest()["id"]
        running.send_signal(signal.SIGINT)
        self.assertIn(b"cancelling", running.stderr.readline())
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(running.returncode, 130)
        watched = self.on_executions("watch", identity)
        self.expect(watched, 130, b"begun\n")

    def test_request_id_runs_once(self):
        code = "import time; print(time.time_ns())"
        first = self.airlock("run", "--request-id", "once", "--lang", "python",
                             "--", code)
        second = self.airlock("run", "--request-id", "once", "--lang",
                              "python", "--", code)
        self.expect(second, 0, first.stdout)
        self.expect(self.airlock("run", "--request-id", "once", "--", "true"),
                    125, b"")

    def test_executions_are_listed_shown_and_cancelled(self):
        self.airlock("run", "--shell", "echo kept; exit 3")
        identity = self.newest()["id"]

        self.assertIn(identity.encode(), self.on_executions("ls").stdout)
        shown = self.on_executions("show", identity, "-o", "json")
        self.assertEqual(json.loads(shown.stdout)["outcome"]["exitCode"], 3)
        self.expect(self.on_executions("cancel", identity), 0)
        self.expect(self.on_executions("watch", identity), 3, b"kept\n")
        self.expect(self.on_executions("show", "nobody"), 1)

    def test_another_agent_does_not_see_it(self):
        token = os.path.join(self.directory, "other.token")
        subprocess.run([AIRLOCK, "tokens", "create", "--file",
                        os.path.join(self.up.state, "tokens.json"), "--id",
                        "other", "--replace", "--out", token], check=True)
        self.airlock("run", "--", "true")
        identity = self.newest()["id"]
        seen = self.on_executions("show", identity, "--token-file", token,
                                  "-o", "json")
        self.assertEqual(seen.returncode, 1)
        self.assertEqual(json.loads(seen.stderr)["code"], 5, seen)

    def test_json_events_end_with_the_execution(self):
        done = self.airlock("run", "-o", "json", "--", "echo", "hi")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertIn("accepted", events[0])
        self.assertEqual(events[-1]["completed"]["outcome"]["exitCode"], 0)
        self.assertIn("aGkK", [event["output"]["data"] for event in events
                               if "output" in event])

    def test_policy_explains_without_running(self):
        before = self.on_executions("ls", "-o", "json").stdout
        done = subprocess.run(
            [AIRLOCK, "policy", "explain", "--state", self.up.state, "-o",
             "json", "--", "echo", "forbidden"], capture_output=True,
            check=True)
        decision = json.loads(done.stdout)["decision"]
        self.assertEqual(decision["effect"], "EFFECT_DENY")
        self.assertEqual(decision["rule"], "approvalGating.rules[0]")
        self.assertEqual(self.on_executions("ls", "-o", "json").stdout, before)

    def test_metrics_are_well_formed(self):
        self.airlock("run", "--", "true")
        for name in ("gatewayMetrics", "policyMetrics", "executorMetrics"):
            with self.subTest(name):
                with urllib.request.urlopen(self.facts[name]) as answer:
                    text = answer.read()
                checked = subprocess.run(
                    ["promtool", "check", "metrics"], input=text,
                    capture_output=True, check=False)
                self.assertEqual(checked.returncode, 0, checked)

    def test_state_directory_has_one_user(self):
        second = subprocess.run([AIRLOCK, "up", "--state", self.up.state],
                                capture_output=True, check=False,
                                timeout=PATIENCE_SECONDS)
        self.assertEqual(second.returncode, 1)
        self.assertIn(b"another `airlock up`", second.stderr)


class StartTest(unittest.TestCase):
    """What is said when something is missing, and how it ends."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="airlock-up-")
        self.addCleanup(shutil.rmtree, self.directory)

    def start(self, **sections):
        config = json.loads(json.dumps(CONFIG))
        for section, values in sections.items():
            config[section].update(values)
        up = Up(self.directory, config)
        self.addCleanup(up.stop)
        return up

    def test_engine_that_is_down_is_waited_for(self):
        endpoint = f"unix://{self.directory}/none.sock"
        up = self.start(executor={"docker": {"endpoint": endpoint}})

        self.assertIn("engine", up.wait_for("waiting")["waiting:"])
        self.assertEqual(up.stop(), 0)

    def test_graceful_end_lets_what_runs_finish(self):
        up = self.start()
        up.wait_for("ready")
        running = subprocess.Popen(
            [AIRLOCK, "run", "--state", up.state, "--shell",
             "echo begun; sleep 2; echo done"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE)
        self.assertEqual(running.stdout.readline(), b"begun\n")

        self.assertEqual(up.stop(), 0)

        output, _ = running.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual((output, running.returncode), (b"done\n", 0))

    def test_port_in_use_is_told(self):
        first = self.start()
        endpoint = first.wait_for("ready")["endpoint"]
        other = tempfile.mkdtemp(dir=self.directory)
        config = json.loads(json.dumps(CONFIG))
        config["gateway"]["listen"] = endpoint
        second = Up(other, config)

        self.assertEqual(second.process.wait(PATIENCE_SECONDS), 1)

        second.stop()
        self.assertIn(f'gateway.listen: cannot listen on "{endpoint}"',
                      second.log())

    def test_wrong_configuration_is_told_with_its_path(self):
        up = self.start(sandbox={"memoryLimit": "512x"})

        self.assertEqual(up.process.wait(PATIENCE_SECONDS), 1)
        self.assertIn("sandbox.memoryLimit", up.log())


if __name__ == "__main__":
    del sys.argv[1]
    unittest.main(verbosity=2)
