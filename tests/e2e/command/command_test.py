"""Starts `airlock up` against a real Docker engine and uses it as people do.

  python3 command_test.py ROOT BIN
"""

import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT, BIN = (os.path.abspath(path) for path in sys.argv[1:3])
AIRLOCK = os.path.join(BIN, "airlock")
PROMTOOL = "promtool"
DOCKER = "/usr/bin/docker"
READY_SECONDS = 60
STOP_SECONDS = 90
CALL_SECONDS = 60
SERVICES = ("gateway", "policy", "executor")


def free_ports(count):
    """Ports nobody listens on; below those the kernel gives to connections
    (32768) and those the other tests take (20000)."""
    ports = []
    for port in range(16_000, 20_000):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) != 0:
                ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError("no free ports")


class CommandTest(unittest.TestCase):
    """One `airlock up`; each test states one fact about using it."""

    @classmethod
    def setUpClass(cls):
        cls.state = tempfile.mkdtemp(prefix="airlock-command-")
        cls.addClassCleanup(shutil.rmtree, cls.state)
        ports = [f"127.0.0.1:{port}" for port in free_ports(9)]
        cls.config = {
            "sandbox": {"image": "airlock/sandbox:latest"},
            "autonomy": {"level": "full",
                         "allowedActions": [
                             "code_exec", "system_command", "file_read",
                             "file_write", "file_delete"]},
            "approvalGating": {"rules": [
                {"action": "system_command", "approval": "deny",
                 "command": "forbidden"},
                {"action": "system_command", "approval": "required",
                 "command": "delicate"}]},
            "gateway": {"listen": ports[0], "metricsListen": ports[1],
                        "probeListen": ports[2], "policyTarget": ports[3],
                        "web": {"listen": ports[8]}},
            "policy": {"listen": ports[3], "metricsListen": ports[4],
                       "probeListen": ports[5]},
            "executor": {"policyTargets": [ports[3]],
                         "metricsListen": ports[6], "probeListen": ports[7]},
        }
        with open(os.path.join(cls.state, "airlock.json"), "w",
                  encoding="utf-8") as file:
            json.dump(cls.config, file)
        cls.env = dict(os.environ, AIRLOCK_STATE=cls.state)
        with open(os.path.join(cls.state, "log"), "wb") as log:
            cls.up = subprocess.Popen([AIRLOCK, "up"], env=cls.env,
                                      stdout=subprocess.PIPE, stderr=log,
                                      text=True)
        cls.addClassCleanup(cls.stop)
        cls.wait_until_ready()

    @classmethod
    def wait_until_ready(cls):
        deadline = time.monotonic() + READY_SECONDS
        for line in cls.up.stdout:
            if line.startswith("approverToken "):
                cls.approver = dict(cls.env, AIRLOCK_TOKEN=line.split()[1])
            if line == "ready\n":
                return
            if time.monotonic() > deadline:
                break
        raise AssertionError("not ready: " + cls.log())

    @classmethod
    def log(cls):
        with open(os.path.join(cls.state, "log"), encoding="utf-8",
                  errors="replace") as file:
            return file.read()

    @classmethod
    def stop(cls):
        """Stops it as systemd would; its exit code."""
        if cls.up.poll() is None:
            cls.up.send_signal(signal.SIGTERM)
        cls.up.stdout.close()
        return cls.up.wait(timeout=STOP_SECONDS)

    def airlock(self, *arguments, stdin=""):
        return subprocess.run([AIRLOCK, *arguments], env=self.env,
                              input=stdin, capture_output=True, text=True,
                              timeout=CALL_SECONDS)

    def ask(self, word):
        """A command that waits for a human, and the id of its approval."""
        run = subprocess.Popen([AIRLOCK, "run", "--", "echo", word],
                               env=self.env, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        self.addCleanup(run.kill)
        told = run.stderr.readline()
        self.assertIn("waiting for approval ap-", told)
        return run, re.search(r"ap-\w+", told).group()

    def answer(self, *arguments):
        return subprocess.run([AIRLOCK, "approvals", *arguments],
                              env=self.approver, capture_output=True,
                              text=True, timeout=CALL_SECONDS)

    def metrics(self, service):
        address = self.config[service]["metricsListen"]
        with urllib.request.urlopen(f"http://{address}/metrics",
                                    timeout=10) as response:
            return response.read().decode()

    def test_runs_the_main_job(self):
        done = self.airlock("run", "--", "echo", "Hello from sandbox")

        self.assertEqual((done.returncode, done.stdout),
                         (0, "Hello from sandbox\n"), done.stderr)

    def test_runs_every_language(self):
        for language, code in [
                ("python", "print(6 * 7)"), ("bash", "echo $((6 * 7))"),
                ("sh", "echo $((6 * 7))"), ("node", "console.log(6 * 7)")]:
            with self.subTest(language=language):
                done = self.airlock("run", "--lang", language, "--", code)
                self.assertEqual((done.returncode, done.stdout), (0, "42\n"),
                                 done.stderr)

    def test_keeps_the_two_outputs_and_the_code_apart(self):
        done = self.airlock("run", "--shell", "echo out; echo err >&2; exit 5")

        self.assertEqual((done.returncode, done.stdout), (5, "out\n"))
        self.assertIn("err\n", done.stderr)

    def test_passes_standard_input_on(self):
        done = self.airlock("run", "--", "tr", "a-z", "A-Z", stdin="hello\n")

        self.assertEqual(done.stdout, "HELLO\n", done.stderr)

    def test_a_timeout_ends_with_124(self):
        done = self.airlock("run", "--timeout", "500ms", "--", "sleep", "60")

        self.assertEqual(done.returncode, 124, done.stderr)

    def test_what_is_denied_ends_with_77_and_says_why(self):
        done = self.airlock("run", "--", "echo", "forbidden")

        self.assertEqual((done.returncode, done.stdout), (77, ""))
        self.assertIn("deny", done.stderr.lower())

    def test_what_a_human_approves_runs(self):
        run, approval = self.ask("delicate-yes")
        shown = self.answer("show", approval)
        self.assertIn("command: echo delicate-yes", shown.stdout)

        done = self.answer("approve", "--yes", approval)

        self.assertEqual(done.returncode, 0, done.stderr)
        out, err = run.communicate(timeout=CALL_SECONDS)
        self.assertEqual((run.returncode, out), (0, "delicate-yes\n"), err)

    def test_what_a_human_rejects_ends_with_77_and_says_why(self):
        run, approval = self.ask("delicate-no")

        done = self.answer("reject", "--yes", "--comment", "not today",
                           approval)

        self.assertEqual(done.returncode, 0, done.stderr)
        out, err = run.communicate(timeout=CALL_SECONDS)
        self.assertEqual((run.returncode, out), (77, ""))
        self.assertIn("not today", err)
        again = self.airlock("run", "--", "echo", "delicate-no")
        self.assertEqual((again.returncode, again.stdout), (77, ""))
        self.assertIn("not today", again.stderr)

    def test_nobody_approves_without_the_approvers_token(self):
        run, approval = self.ask("delicate-own")

        done = self.airlock("approvals", "approve", "--yes", "--token-file",
                            os.path.join(self.state, "agent.token"), approval)

        self.assertNotEqual(done.returncode, 0)
        self.assertIsNone(run.poll())
        self.answer("reject", "--yes", approval)
        run.communicate(timeout=CALL_SECONDS)

    def test_a_sandbox_has_no_network_and_no_root(self):
        done = self.airlock(
            "run", "--shell",
            "id -u; ls /sys/class/net; touch /etc/x 2>/dev/null || echo ro")

        self.assertEqual(done.stdout, "65534\nlo\nro\n", done.stderr)

    def test_a_program_that_is_not_there_ends_with_127(self):
        done = self.airlock("run", "--", "/no/such/program")

        self.assertEqual(done.returncode, 127, done.stderr)

    def test_executions_are_listed_and_shown(self):
        self.airlock("run", "--", "echo", "listed")
        listed = json.loads(
            self.airlock("executions", "ls", "-o", "json").stdout)
        identity = listed["executions"][0]["id"]

        shown = self.airlock("executions", "show", identity, "-o", "json")

        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn(identity, shown.stdout)

    def json(self, *arguments):
        done = self.airlock(*arguments, "-o", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_session_keeps_its_files_until_it_is_closed(self):
        made = self.json("sessions", "create", "kept", "--memory", "128m")
        self.assertEqual(made["state"], "STATE_OPEN")
        self.airlock("run", "--session", "kept", "--shell", "echo hi > a")

        seen = self.airlock("run", "--session", "kept", "--", "cat", "a")
        elsewhere = self.airlock("run", "--session", "other", "--", "cat", "a")

        self.assertEqual((seen.returncode, seen.stdout), (0, "hi\n"),
                         seen.stderr)
        self.assertEqual(elsewhere.returncode, 1, elsewhere.stderr)
        listed = self.json("sessions", "ls")["sessions"]
        self.assertEqual({one["name"] for one in listed}, {"kept", "other"})
        self.assertEqual(self.json("sessions", "show", "kept")["generation"],
                         "2")
        for name in ("kept", "other"):
            closed = self.airlock("sessions", "close", name)
            self.assertEqual(closed.stdout, f"{name}: closed (CLOSED)\n",
                             closed.stderr)
        self.assertEqual(self.json("sessions", "ls")["sessions"], [])

    def test_files_are_copied_listed_and_removed(self):
        self.json("sessions", "create", "files")
        self.addCleanup(self.airlock, "sessions", "close", "files")
        here = os.path.join(self.state, "there-and-back")
        data = bytes(range(256)) * 5000
        with open(here, "wb") as file:
            file.write(data)

        there = self.airlock("files", "cp", here, "files:data/big")
        back = self.airlock("files", "cp", "files:data/big", here + ".back")

        self.assertEqual(there.returncode, 0, there.stderr)
        self.assertEqual(back.returncode, 0, back.stderr)
        with open(here + ".back", "rb") as file:
            self.assertEqual(file.read(), data)
        listed = self.airlock("files", "ls", "files:data", "-o", "json")
        self.assertIn('"big"', listed.stdout, listed.stderr)
        removed = self.airlock("files", "rm", "-r", "files:data")
        self.assertEqual(removed.returncode, 0, removed.stderr)
        gone = self.airlock("run", "--session", "files", "--", "ls")
        self.assertEqual(gone.stdout, "", gone.stderr)

    def test_input_reaches_a_process_while_it_runs(self):
        with subprocess.Popen(
                [AIRLOCK, "run", "-i", "--shell",
                 "while read line; do echo got $line; done"], env=self.env,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True) as run:
            for word in ("one", "two"):
                run.stdin.write(word + "\n")
                run.stdin.flush()
                self.assertEqual(run.stdout.readline(), f"got {word}\n")
            run.stdin.close()
            self.assertEqual(run.wait(timeout=CALL_SECONDS), 0)

    def test_the_queue_tells_what_waits_and_why(self):
        (executor,) = self.json("executors", "ls")["executors"]
        self.json("executors", "cordon", executor["id"])
        try:
            with subprocess.Popen([AIRLOCK, "run", "--", "echo", "at last"],
                                  env=self.env, stdout=subprocess.PIPE,
                                  text=True) as run:
                waiting = []
                deadline = time.monotonic() + CALL_SECONDS
                while not waiting and time.monotonic() < deadline:
                    waiting = self.json("queue").get("waiting", [])
                self.json("executors", "uncordon", executor["id"])
                said = run.stdout.read()
        finally:
            self.json("executors", "uncordon", executor["id"])
        self.assertEqual([one["reason"] for one in waiting],
                         ["REASON_NO_CREDIT"])
        self.assertIn("cordoned", waiting[0]["message"])
        self.assertEqual(said, "at last\n")

    def test_an_operator_sees_sessions_of_all_and_an_agent_its_own(self):
        self.json("sessions", "create", "mine")

        for arguments in (["--operator"], ["--agent", "demo"], []):
            with self.subTest(arguments=arguments):
                listed = self.json("sessions", "ls", *arguments)["sessions"]
                self.assertIn(("mine", "demo"), [
                    (one["name"], one["agent"]) for one in listed])
        closed = self.airlock("sessions", "close", "mine", "--agent", "demo")
        self.assertEqual(closed.returncode, 0, closed.stderr)

    def test_executors_are_seen_and_taken_out_of_use(self):
        (executor,) = self.json("executors", "ls")["executors"]
        self.assertEqual(executor["state"], "STATE_READY")
        self.assertGreater(executor["slots"], 0)
        self.assertTrue(all(one["ok"] for one in executor["checks"]))

        cordoned = self.json("executors", "cordon", executor["id"])
        try:
            self.assertEqual(cordoned["state"], "STATE_CORDONED")
            drained = self.airlock("executors", "drain", executor["id"],
                                   "--wait", "--timeout", "30s")
            self.assertIn("nothing is left", drained.stdout, drained.stderr)
        finally:
            ready = self.json("executors", "uncordon", executor["id"])
        self.assertEqual(ready["state"], "STATE_READY")

    def test_only_an_operator_asks_for_executors(self):
        done = self.airlock("executors", "ls", "--token-file",
                            os.path.join(self.state, "agent.token"))

        self.assertEqual(done.returncode, 1, done.stdout)

    def test_a_wrong_token_ends_with_125(self):
        path = os.path.join(self.state, "wrong.token")
        with open(path, "w", encoding="utf-8") as file:
            file.write("not-a-token\n")

        done = self.airlock("run", "--token-file", path, "--", "true")

        self.assertEqual(done.returncode, 125, done.stderr)

    def test_metrics_are_as_promtool_wants_them(self):
        self.airlock("run", "--", "true")
        for service in SERVICES:
            with self.subTest(service=service):
                text = self.metrics(service)
                checked = subprocess.run(
                    [PROMTOOL, "check", "metrics"], input=text,
                    capture_output=True, text=True, timeout=CALL_SECONDS)
                self.assertEqual(checked.returncode, 0,
                                 checked.stdout + checked.stderr)
                self.assertIn("process_cpu_seconds_total", text)
        self.assertIn("airlock_executor_executions_total{",
                      self.metrics("executor"))
        self.assertIn("grpc_server_handled_total{", self.metrics("gateway"))

    def test_promtool_refuses_metrics_that_are_wrong(self):
        checked = subprocess.run(
            [PROMTOOL, "check", "metrics"], input="# TYPE a counter\na 1\n",
            capture_output=True, text=True, timeout=CALL_SECONDS)

        self.assertNotEqual(checked.returncode, 0)

    def test_each_service_says_it_is_ready_and_alive(self):
        for service in SERVICES:
            for word in ("readiness", "liveness"):
                done = self.airlock("health", "--service", word,
                                    self.config[service]["probeListen"])
                self.assertEqual(done.stdout, f"{word}: serving\n")

    def test_the_example_configurations_are_good(self):
        for path in glob.glob(os.path.join(ROOT, "deploy/config/*.json")):
            with self.subTest(path=os.path.basename(path)):
                done = self.airlock("config", "check", path)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_two_of_them_do_not_share_a_state_directory(self):
        done = self.airlock("up")

        self.assertNotEqual(done.returncode, 0)
        self.assertIn(self.state, done.stderr)

    def test_z_stops_gracefully_and_leaves_nothing(self):
        """Last by its name: the others need it running."""
        with open(os.path.join(self.state, "executor", "executor-id"),
                  encoding="utf-8") as file:
            executor = file.read().strip()

        self.assertEqual(self.stop(), 0, self.log())

        left = subprocess.run(
            [DOCKER, "ps", "-aq", "--filter",
             f"label=airlock.executor_id={executor}"],
            capture_output=True, text=True, timeout=CALL_SECONDS)
        self.assertEqual((left.returncode, left.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
