"""A sandbox host that cannot be made new gets no work, and operators see why.

  python3 quarantine_test.py BIN SSH_HOST

SSH_HOST starts the host. Ports are free ones and the state is a directory of
its own. Everything started here is ended here.
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

PATIENCE_SECONDS = 60
LOOK_SECONDS = 0.2

AIRLOCK = os.path.join(os.path.abspath(sys.argv[1]), "airlock")
SSH_HOST = os.path.abspath(sys.argv[2])

ANY_PORT = "127.0.0.1:0"
CONFIG = {
    "sandbox": {"enabled": True, "backend": "ssh", "memoryLimit": "128m",
                "queueTimeout": 3000},
    "autonomy": {"level": "full", "allowedActions": ["system_command"]},
    "gateway": {"listen": ANY_PORT, "metricsListen": ANY_PORT,
                "probeListen": ANY_PORT, "web": {"listen": ANY_PORT}},
    "policy": {"listen": ANY_PORT, "metricsListen": ANY_PORT,
               "probeListen": ANY_PORT},
    "executor": {"metricsListen": ANY_PORT, "probeListen": ANY_PORT},
}


class QuarantineTest(unittest.TestCase):
    """One host whose restoration fails until a file is there."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="airlock-quarantine-test-")
        self.addCleanup(shutil.rmtree, self.directory, True)
        self.host = subprocess.Popen([SSH_HOST], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end_host)
        self.state = os.path.join(self.directory, "state")
        self.good = os.path.join(self.directory, "good")
        self.up = subprocess.Popen(
            [AIRLOCK, "up", "--state", self.state, "--config",
             self.write_config(json.loads(self.host.stdout.readline()))],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.addCleanup(self.end_up)

    def end_host(self):
        self.host.stdin.close()
        self.host.wait(PATIENCE_SECONDS)
        self.host.stdout.close()

    def end_up(self):
        self.up.send_signal(signal.SIGTERM)
        try:
            self.up.wait(PATIENCE_SECONDS)
        finally:
            self.up.kill()

    def write_config(self, ssh):
        restore = f"test -e {self.good} || {{ echo the pool is empty; exit 1; }}"
        ssh["snapshot"] = {"mode": "hook",
                           "restore": ["/bin/sh", "-c", restore]}
        config = {**CONFIG, "sandbox": {**CONFIG["sandbox"], "ssh": ssh}}
        path = os.path.join(self.directory, "airlock.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path

    def airlock(self, *arguments):
        return subprocess.run([AIRLOCK, *arguments], capture_output=True,
                              check=False, text=True, timeout=PATIENCE_SECONDS)

    def await_executor(self, state):
        """The only one, once it is in this state."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        listed = None
        while time.monotonic() < deadline:
            listed = self.airlock("executors", "ls", "--state", self.state,
                                  "-o", "json")
            if listed.returncode == 0:
                for executor in json.loads(listed.stdout)["executors"]:
                    if executor["state"] == state and (
                            state == "STATE_READY"
                            or executor["notReadyReason"]):
                        return executor
            time.sleep(LOOK_SECONDS)
        raise AssertionError(f"no executor is {state}: {listed}")

    def test_it_gets_no_work_and_says_why_until_it_is_new(self):
        executor = self.await_executor("STATE_NOT_READY")
        self.assertEqual(executor["notReadyReason"], "HOST_QUARANTINED")
        shown = self.airlock("executors", "show", executor["id"], "--state",
                             self.state)
        self.assertIn("not ready (HOST_QUARANTINED)", shown.stdout)
        self.assertIn("the pool is empty", shown.stdout)
        waited = self.airlock("run", "--state", self.state, "--", "echo", "hi")
        self.assertNotEqual(waited.returncode, 0, waited)
        self.assertNotIn("hi", waited.stdout)

        with open(self.good, "w", encoding="utf-8"):
            pass
        executor = self.await_executor("STATE_READY")
        self.assertEqual(executor["notReadyReason"], "")
        done = self.airlock("run", "--state", self.state, "--", "echo", "hi")
        self.assertEqual(done.stdout, "hi\n", done)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
