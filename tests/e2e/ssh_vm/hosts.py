"""Sandbox hosts that are virtual machines, and an Airlock that uses them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from virtual_machine import LOOK_SECONDS, PATIENCE_SECONDS, VirtualMachine

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
SCRIPT = os.path.join(ROOT, "deploy/ssh-host.sh")
ANY_PORT = "127.0.0.1:0"
CONFIG = {
    "autonomy": {"level": "full", "allowedActions": ["system_command"]},
    "gateway": {"listen": ANY_PORT, "metricsListen": ANY_PORT,
                "probeListen": ANY_PORT, "web": {"listen": ANY_PORT}},
    "policy": {"listen": ANY_PORT, "metricsListen": ANY_PORT,
               "probeListen": ANY_PORT},
    "executor": {"metricsListen": ANY_PORT, "probeListen": ANY_PORT},
}


def until(ask):
    """The first answer that is true; one must come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError("it does not come to be so")
        time.sleep(LOOK_SECONDS)


class SshHost:
    """A machine, and a key for accounts on it."""

    # Where Airlock's programs are.
    bin = ""

    def __init__(self, kernel_words):
        self.folder = tempfile.mkdtemp(prefix="airlock-ssh-vm-")
        self.key = os.path.join(self.folder, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                        self.key], check=True)
        self.vm = VirtualMachine(kernel_words)

    def stop(self):
        self.vm.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def public_key(self):
        with open(self.key + ".pub", encoding="utf-8") as file:
            return file.read().strip()

    def prepare(self, user):
        """Runs the script that makes a host ready."""
        self.vm.put(SCRIPT, "/opt/ssh-host.sh")
        return self.vm.run("/opt/ssh-host.sh --key-file /dev/stdin --user " + user,
                           self.public_key())

    def make_account(self, user):
        """What is done by hand where the script is not."""
        self.vm.do(
            f"useradd --create-home --shell /bin/sh --password '*' {user} && "
            f"install -d -m 700 -o {user} -g {user} /home/{user}/.ssh && "
            f"cat >/home/{user}/.ssh/authorized_keys", self.public_key())

    def section(self, user):
        """The section sandbox.ssh of a configuration."""
        return {"host": "127.0.0.1", "port": self.vm.port, "username": user,
                "privateKeyPath": self.key, "timeout": 30000,
                "hostKeyFingerprint": self.vm.fingerprint()}

    def config(self, user, **more):
        """The file of an executor with this host."""
        path = os.path.join(self.folder, "airlock.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"sandbox": {
                "enabled": True, "backend": "ssh", "memoryLimit": "128m",
                "cpuLimit": "1.0", "pidsLimit": 64, "networkMode": "none",
                "ssh": {**self.section(user), **more}}, **CONFIG}, file)
        return path

    def airlock(self, *words):
        return subprocess.run(
            [os.path.join(self.bin, "airlock"), *words], check=False, text=True,
            capture_output=True, timeout=PATIENCE_SECONDS)

    def check(self, user, **more):
        """Tries the configuration on the host, once sshd answers."""
        config = self.config(user, **more)
        return until(lambda: self._checked(config))

    def _checked(self, config):
        checked = self.airlock("config", "check", "--connect", config)
        # It was just told to start again.
        return None if "SSH handshake" in checked.stdout else checked

    def run_script(self, script, user):
        """Runs a test that wants a program which says where a host is."""
        teller = os.path.join(self.folder, "teller")
        with open(teller, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho '" + json.dumps(self.section(user)) +
                       "'\nexec cat >/dev/null\n")
        os.chmod(teller, 0o755)
        return subprocess.run(
            [sys.executable, "-B", script, self.bin, teller], check=False,
            text=True, capture_output=True, timeout=PATIENCE_SECONDS * 2)

    def copy_programs(self, programs):
        """To the same place there, with the libraries they need."""
        libraries = set()
        for program in programs:
            for line in subprocess.run(["ldd", program], check=False, text=True,
                                       capture_output=True).stdout.splitlines():
                if " => /" in line:
                    libraries.add(line.split()[2])
        packed = subprocess.run(
            ["tar", "-chPf", "-", *programs, *libraries], check=True,
            stdout=subprocess.PIPE).stdout
        self.vm.do("tar -xPf - --skip-old-files && ldconfig", packed)


class Up:
    """All services of an Airlock whose executor has a host. A context."""

    def __init__(self, host, user):
        self.host = host
        self.config = host.config(user)
        self.state = tempfile.mkdtemp(dir=host.folder)
        self.process = None
        self.running = []

    def __enter__(self):
        with open(os.path.join(self.state, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.host.bin, "airlock"), "up", "--state",
                 self.state, "--config", self.config], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, text=True,
                start_new_session=True)
        for line in self.process.stdout:
            if line.startswith("ready"):
                return self
        with open(os.path.join(self.state, "log"), encoding="utf-8") as log:
            raise AssertionError("ended before it was ready: " + log.read())

    def __exit__(self, *error):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill_everything()
        self.process.stdout.close()
        for process in self.running:
            process.kill()
            process.wait()
            process.stdout.close()

    def kill_everything(self):
        """As if the power went: nobody has time to say a word."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def run(self, command, *words):
        return self.host.airlock(command, "--state", self.state, *words)

    def expect(self, *words):
        """The same, and it must not fail."""
        done = self.run(*words)
        if done.returncode != 0:
            raise AssertionError(done)

    def start(self, command, *words):
        """A command whose output is read while it runs."""
        self.running.append(subprocess.Popen(
            [os.path.join(self.host.bin, "airlock"), command, "--state",
             self.state, *words], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
        return self.running[-1]
