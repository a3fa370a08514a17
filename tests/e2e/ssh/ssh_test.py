"""Runs actions on a real sandbox host, through all three services.

  python3 ssh_test.py BIN SSH_HOST CLASS

SSH_HOST starts the host; the tests are those of the class. Ports are free ones
and the state is a directory of its own. Everything started here is ended here.
"""

import copy
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PATIENCE_SECONDS = 60
LOOK_SECONDS = 0.1
SLOW_SECONDS = 0.5
# Windows, frames under way and what may be sent again, in three services.
MOST_KEPT_BYTES = 64 << 20

AIRLOCK = os.path.join(os.path.abspath(sys.argv[1]), "airlock")
SSH_HOST = os.path.abspath(sys.argv[2])

ANY_PORT = "127.0.0.1:0"
CONFIG = {
    "sandbox": {"enabled": True, "backend": "ssh", "memoryLimit": "128m",
                "cpuLimit": "1.0", "networkMode": "none"},
    "autonomy": {"level": "full",
                 "allowedActions": ["code_exec", "system_command", "ssh_exec",
                                    "file_read", "file_write"]},
    "gateway": {"listen": ANY_PORT, "metricsListen": ANY_PORT,
                "probeListen": ANY_PORT, "web": {"listen": ANY_PORT}},
    "policy": {"listen": ANY_PORT, "metricsListen": ANY_PORT,
               "probeListen": ANY_PORT},
    "executor": {"metricsListen": ANY_PORT, "probeListen": ANY_PORT},
}


class SshAirlock(unittest.TestCase):
    """One host and one Airlock."""

    # Added to the sections of the configuration.
    SANDBOX = {}
    SSH = {"timeout": 30000}

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="airlock-ssh-test-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, True)
        cls.host = subprocess.Popen([SSH_HOST], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.end_host)
        cls.ssh = json.loads(cls.host.stdout.readline())
        cls.state = os.path.join(cls.directory, "state")
        cls.config = cls.write_config("airlock.json", cls.ssh)
        with open(os.path.join(cls.directory, "log"), "wb") as log:
            cls.up = subprocess.Popen(
                [AIRLOCK, "up", "--state", cls.state, "--config", cls.config],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                text=True)
        cls.addClassCleanup(cls.end_up)
        for line in cls.up.stdout:
            if line.startswith("ready"):
                return
        with open(os.path.join(cls.directory, "log"), encoding="utf-8") as log:
            raise AssertionError("ended before it was ready: " + log.read())

    @classmethod
    def end_host(cls):
        cls.host.stdin.close()
        cls.host.wait(PATIENCE_SECONDS)
        cls.host.stdout.close()

    @classmethod
    def end_up(cls):
        cls.up.send_signal(signal.SIGTERM)
        try:
            cls.up.wait(PATIENCE_SECONDS)
        finally:
            cls.up.kill()
            cls.up.stdout.close()

    @classmethod
    def write_config(cls, name, ssh):
        config = copy.deepcopy(CONFIG)
        config["sandbox"].update(cls.SANDBOX)
        config["sandbox"]["ssh"] = {**ssh, **cls.SSH}
        path = os.path.join(cls.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path

    def airlock(self, command, *arguments, stdin=b""):
        """Runs `airlock` to its end."""
        return self.command(command, "--state", self.state, *arguments,
                            stdin=stdin)

    def on(self, noun, verb, *arguments):
        """The same for what is below a noun."""
        return self.command(noun, verb, "--state", self.state, *arguments)

    def command(self, *arguments, stdin=b""):
        return subprocess.run(
            [AIRLOCK, *arguments], input=stdin, capture_output=True,
            check=False, timeout=PATIENCE_SECONDS)

    def expect(self, done, code, stdout=None, stderr=None):
        self.assertEqual(done.returncode, code, done)
        if stdout is not None:
            self.assertEqual(done.stdout, stdout)
        if stderr is not None:
            self.assertIn(stderr, done.stderr)


class SshTest(SshAirlock):
    """Each test states one fact about them."""

    def test_a_command_runs_on_the_host(self):
        self.expect(self.airlock("run", "--", "echo", "from the host"), 0,
                    b"from the host\n")

    def test_ssh_exec_runs_a_line(self):
        self.expect(self.airlock("run", "--ssh", "echo $((6 * 7)); exit 3"), 3,
                    b"42\n")

    def test_code_and_input_pass(self):
        self.expect(self.airlock("run", "--lang", "sh", "--", "cat; echo err >&2",
                                 stdin=bytes(range(256))), 0,
                    bytes(range(256)), b"err\n")

    def test_it_is_process_1_of_its_own_with_no_home_and_no_network(self):
        line = ("cat /proc/1/comm; ls -A /home /root 2>/dev/null | wc -l;"
                " grep -c : /proc/net/dev; id -u")
        done = self.airlock("run", "--shell", line)
        self.expect(done, 0)
        words = done.stdout.decode().split()
        self.assertEqual(words[0], "airlock-runner")
        self.assertNotEqual(words[-1], "0")

    def test_limits_hold(self):
        self.expect(self.airlock("run", "--timeout", "1s", "--", "sleep", "30"),
                    124, stderr=b"timeout")
        self.expect(self.airlock("run", "--shell",
                                 "exec tail /dev/zero"),
                    137, stderr=b"memory")
        done = self.airlock("run", "--shell",
                            "head -c 500000000 /dev/zero >big")
        self.assertNotEqual(done.returncode, 0)

    def test_a_session_keeps_its_files(self):
        self.expect(self.on("sessions", "create", "work"), 0)
        self.expect(self.airlock("run", "--session", "work", "--shell",
                                 "echo kept >file"), 0)
        self.expect(self.airlock("run", "--session", "work", "--", "cat", "file"),
                    0, b"kept\n")

    def test_a_cancelled_command_leaves_nothing(self):
        running = subprocess.Popen(
            [AIRLOCK, "run", "--state", self.state, "--shell",
             "echo begun; exec sleep 61.7"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.assertEqual(running.stdout.readline(), b"begun\n")
        running.send_signal(signal.SIGINT)
        running.wait(PATIENCE_SECONDS)
        running.stdout.close()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while subprocess.run(["pgrep", "-f", "sleep 61.7"], check=False,
                             capture_output=True).returncode == 0:
            self.assertLess(time.monotonic(), deadline, "it still runs")
            time.sleep(LOOK_SECONDS)

    def test_the_executor_says_what_it_is(self):
        listed = self.on("executors", "ls", "-o", "json")
        self.expect(listed, 0)
        executor = json.loads(listed.stdout)["executors"][0]
        self.assertEqual(executor["backend"], "ssh")

    def test_the_configuration_is_tried_on_the_host(self):
        checked = self.command("config", "check", "--connect", self.config)
        self.expect(checked, 0)
        self.assertIn(b"memory: holds", checked.stdout)
        wrong = self.write_config(
            "wrong.json", {**self.ssh, "hostKeyFingerprint": "SHA256:" + "A" * 43})
        refused = self.command("config", "check", "--connect", wrong)
        self.expect(refused, 1)
        self.assertIn(self.ssh["hostKeyFingerprint"].encode(), refused.stdout)

    def test_trying_a_configuration_restores_no_host(self):
        ran = os.path.join(self.directory, "restored")
        hooked = self.write_config("hooked.json", {**self.ssh, "snapshot": {
            "mode": "hook", "restore": ["/usr/bin/touch", ran]}})
        checked = self.command("config", "check", "--connect", hooked)
        self.assertFalse(os.path.exists(ran), "the host was restored")
        self.expect(checked, 0)
        self.assertIn(b"memory: holds", checked.stdout)

    def test_each_limit_was_tried(self):
        listed = self.on("executors", "ls", "-o", "json")
        executor = json.loads(listed.stdout)["executors"][0]
        self.assertTrue(all(check["ok"] for check in executor["checks"]),
                        executor["checks"])


class SshOutputTest(SshAirlock):
    """More output than fits anywhere."""

    BYTES = 1_000_000_000
    SANDBOX = {"outputLimit": "1g"}
    SSH = {"timeout": 600000}

    def peak_bytes(self):
        """The most memory Airlock ever had."""
        with open(f"/proc/{self.up.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) * 1024 for line in file
                        if line.startswith("VmHWM:"))

    def test_a_gigabyte_reaches_a_slow_reader_and_is_never_kept(self):
        line = f"seq 200000000 2>/dev/null | head -c {self.BYTES}"
        before = self.peak_bytes()
        digest, count = hashlib.sha256(), 0
        with subprocess.Popen(
                [AIRLOCK, "run", "--state", self.state, "--shell", line],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
            while piece := running.stdout.read(1 << 20):
                digest.update(piece)
                count += len(piece)
                # It has other things to do, and all behind it waits.
                if count % (64 << 20) == 0:
                    time.sleep(SLOW_SECONDS)
        self.assertEqual(running.returncode, 0)
        self.assertEqual(count, self.BYTES)
        wanted = subprocess.run(["sh", "-c", line + " | sha256sum"],
                                check=True, capture_output=True, text=True)
        self.assertEqual(digest.hexdigest(), wanted.stdout.split()[0])
        self.assertLess(self.peak_bytes() - before, MOST_KEPT_BYTES)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
