"""Makes a sandbox host ready from nothing and logs in to it over a real sshd.

  python3 ssh_host_test.py SCRIPT

Needs root. Runs in a mount and a process namespace of its own with copies of
the folders that are written to, so that the machine keeps its users, and with
everything that was started ends with it. Control groups are the machine's:
those of this test have a name of their own and are removed.
"""

import glob
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

INSIDE = "--inside"
PATIENCE_SECONDS = 20
LOOK_SECONDS = 0.05
# Copied into memory and used instead of the machine's.
WRITTEN = ("/etc", "/home", "/run", "/usr/local/sbin")

SCRIPT = os.path.abspath(sys.argv[1])
USER = os.environ.get("AIRLOCK_TEST_USER", "")
GROUPS = "/sys/fs/cgroup/*/airlock-"


def run(*command, **options):
    """A finished command; whether it failed is for the caller to say."""
    return subprocess.run(command, capture_output=True, text=True, check=False,
                          timeout=PATIENCE_SECONDS, **options)


def script(*arguments):
    """Runs the script under test for the user of this test."""
    return run(SCRIPT, "--user", USER, *arguments)


def copy_folders():
    """Puts copies in memory over the folders that are written to."""
    for folder in WRITTEN:
        copy = tempfile.mkdtemp(dir="/tmp")
        subprocess.run(["mount", "-n", "-t", "tmpfs", "-o", "mode=755", "copy", copy],
                       check=True)
        if folder not in ("/home", "/run"):
            subprocess.run(["cp", "-a", folder + "/.", copy], check=True)
        subprocess.run(["mount", "-n", "--move", copy, folder], check=True)
        os.rmdir(copy)


class Sshd:
    """A real sshd with the machine's configuration, on a port of its own."""

    def __init__(self, folder):
        os.makedirs("/run/sshd", exist_ok=True)
        subprocess.run(["ssh-keygen", "-A"], check=True, capture_output=True)
        self.known_hosts = os.path.join(folder, "known_hosts")
        self.port = self._free_port()
        # It writes the file that the script looks for.
        self.process = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-p", str(self.port),
             "-o", "ListenAddress=127.0.0.1", "-o", "PidFile=/run/sshd.pid"],
            stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise AssertionError("sshd does not answer")
            time.sleep(LOOK_SECONDS)

    @staticmethod
    def _free_port():
        import socket
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            return one.getsockname()[1]

    def _answers(self):
        keys = run("ssh-keyscan", "-p", str(self.port), "127.0.0.1").stdout
        with open(self.known_hosts, "w", encoding="utf-8") as file:
            file.write(keys)
        return bool(keys)

    def stop(self):
        """Ends it."""
        self.process.kill()
        self.process.wait()


class SshHostTest(unittest.TestCase):
    """One host for all tests, prepared once; the last test takes it away."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(dir="/tmp", prefix="ssh-host-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.key = os.path.join(cls.folder, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                        cls.key], check=True)
        cls.sshd = Sshd(cls.folder)
        cls.addClassCleanup(cls.sshd.stop)
        cls.checked_before = script("--check")
        cls.prepared = script("--key-file", cls.key + ".pub")
        cls.addClassCleanup(script, "--remove")

    def ssh(self, *arguments):
        """Runs ssh as the executor would log in."""
        return run("ssh", "-F", "/dev/null", "-i", self.key, "-p",
                   str(self.sshd.port), "-o", "BatchMode=yes", "-o",
                   "UserKnownHostsFile=" + self.sshd.known_hosts, *arguments,
                   stdin=subprocess.DEVNULL)

    def login(self, line, *options):
        """Runs a line on the host."""
        return self.ssh(*options, f"{USER}@127.0.0.1", line)

    def state(self):
        """All that the script has made, with who may do what with it."""
        home = pwd.getpwnam(USER).pw_dir
        files = [home, home + "/.ssh", home + "/.ssh/authorized_keys",
                 f"/etc/ssh/sshd_config.d/airlock-{USER}.conf",
                 f"/usr/local/sbin/airlock-delegate-{USER}",
                 *sorted(glob.glob(GROUPS + USER)),
                 *sorted(glob.glob(GROUPS + USER + "/cgroup.procs"))]
        facts = [run("getent", "passwd", USER).stdout]
        for file in files:
            at = os.stat(file)
            facts.append((file, at.st_mode, at.st_uid, at.st_gid))
            if file.startswith(("/etc", home + "/.ssh/", "/usr")):
                with open(file, encoding="utf-8") as opened:
                    facts.append(opened.read())
        return facts

    def test_host_that_was_not_prepared_fails_the_check(self):
        self.assertEqual(self.checked_before.returncode, 1)
        self.assertRegex(self.checked_before.stdout, "ordinary user.* no ")
        self.assertRegex(self.checked_before.stdout, "memory limit .* no ")

    def test_everything_is_enforced_and_the_configuration_printed(self):
        self.assertEqual(self.prepared.returncode, 0, self.prepared.stderr)
        self.assertNotRegex(self.prepared.stdout, r"(?m)^  .{28} no ")
        checked = script("--check")
        self.assertEqual(checked.returncode, 0, checked.stdout)
        begin = self.prepared.stdout.index('{"sandbox"')
        ssh = json.loads(self.prepared.stdout[begin:])["sandbox"]["ssh"]
        self.assertEqual(ssh["username"], USER)
        shown = run("ssh-keygen", "-l", "-f", self.sshd.known_hosts).stdout
        self.assertIn(ssh["hostKeyFingerprint"] + " ", shown)

    def test_user_logs_in_with_its_key_and_copies_files(self):
        done = self.login("id -un; cat", "-o", "LogLevel=ERROR")
        self.assertEqual((done.returncode, done.stdout.strip()), (0, USER),
                         done.stderr)
        copied = run("scp", "-F", "/dev/null", "-q", "-i", self.key, "-P",
                     str(self.sshd.port), "-o",
                     "UserKnownHostsFile=" + self.sshd.known_hosts, SCRIPT,
                     f"{USER}@127.0.0.1:copied")
        self.assertEqual(copied.returncode, 0, copied.stderr)
        self.assertEqual(self.login("rm copied").returncode, 0)

    def test_there_is_no_other_way_in(self):
        done = self.ssh("-o", "PubkeyAuthentication=no", "-v",
                        f"{USER}@127.0.0.1", "true")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Permission denied (publickey).", done.stderr)

    def test_there_is_no_terminal(self):
        done = self.login("tty", "-tt")
        self.assertIn("PTY allocation request failed", done.stderr)

    def test_nothing_is_forwarded(self):
        # Its own port is one where somebody certainly listens.
        done = self.ssh("-W", f"127.0.0.1:{self.sshd.port}",
                        f"{USER}@127.0.0.1")
        self.assertNotIn("SSH-2.0", done.stdout)
        self.assertIn("administratively prohibited", done.stderr)
        done = self.login("true", "-o", "ExitOnForwardFailure=yes", "-R",
                          "127.0.0.1:0:127.0.0.1:1")
        self.assertNotEqual(done.returncode, 0)

    def test_sshd_refuses_it_even_if_the_key_file_is_rewritten(self):
        file = os.path.join(pwd.getpwnam(USER).pw_dir, ".ssh/authorized_keys")
        with open(file, encoding="utf-8") as opened:
            restricted = opened.read()
        with open(file, "w", encoding="utf-8") as opened:
            opened.write(restricted.replace("restrict ", ""))
        try:
            self.assertIn("PTY allocation request failed",
                          self.login("tty", "-tt").stderr)
            self.assertEqual(script("--check").returncode, 1)
        finally:
            with open(file, "w", encoding="utf-8") as opened:
                opened.write(restricted)

    def test_user_limits_itself_but_not_what_is_given_to_it(self):
        for controller, file, value in (
                ("memory", "memory.limit_in_bytes", "16777216"),
                ("pids", "pids.max", "16"), ("cpu", "cpu.cfs_quota_us",
                                             "50000")):
            folder = f"/sys/fs/cgroup/{controller}/airlock-{USER}"
            done = self.login(
                f"mkdir {folder}/a && echo {value} >{folder}/a/{file} && "
                f"cat {folder}/a/{file} && "
                f"sh -c 'echo $$ >{folder}/a/cgroup.procs && "
                "cat /proc/self/cgroup'; rmdir "
                f"{folder}/a")
            self.assertEqual(done.stdout.split()[0], value, done.stderr)
            self.assertIn(f"airlock-{USER}/a", done.stdout)
            self.assertFalse(os.path.exists(folder + "/a"))
            done = self.login(f"echo {value} >{folder}/{file}")
            self.assertIn("Permission denied", done.stderr)

    def test_lost_groups_come_back_as_at_a_start_of_the_host(self):
        folder = f"/sys/fs/cgroup/memory/airlock-{USER}"
        os.rmdir(folder)
        self.assertEqual(script("--check").returncode, 1)
        again = run(f"/usr/local/sbin/airlock-delegate-{USER}")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(script("--check").returncode, 0)

    def test_second_run_changes_nothing(self):
        before = self.state()
        again = script("--key-file", self.key + ".pub")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.state(), before)
        self.assertEqual(again.stdout, self.prepared.stdout)

    def test_settings_that_sshd_does_not_take_are_undone(self):
        drop_in = f"/etc/ssh/sshd_config.d/airlock-{USER}.conf"
        broken = "/etc/ssh/sshd_config.d/zz-broken.conf"
        os.rename(drop_in, drop_in + ".kept")
        with open(broken, "w", encoding="utf-8") as file:
            file.write("NoSuchSetting yes\n")
        try:
            done = script("--key-file", self.key + ".pub")
            self.assertEqual(done.returncode, 1)
            self.assertIn("undone", done.stderr)
            self.assertFalse(os.path.exists(drop_in))
        finally:
            os.remove(broken)
            os.rename(drop_in + ".kept", drop_in)

    def test_what_is_wrong_is_refused(self):
        public = self.key + ".pub"
        with open(public, encoding="utf-8") as file:
            key = file.read().strip()
        for arguments, why in (
                (("--key", "ssh-rsa AAAA"), "must be ssh-ed25519"),
                (("--key", "ssh-ed25519 AAAA"), "no public key"),
                (("--key", 'command="x" ' + key), "must be ssh-ed25519"),
                (("--key", key + "\n" + key), "several lines"),
                ((), "give the executor's public key"),
                (("--user", "root", "--key-file", public), "is root"),
                (("--user", "daemon", "--key-file", public), "somebody else"),
                (("--user", "daemon", "--remove"), "not made by this script"),
                (("--user", "a/../b", "--check"), "must be like"),
                (("--what",), "usage")):
            done = script(*arguments)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn(why, done.stderr)

    def test_zz_remove_takes_everything_away(self):
        before = self.state()
        home = pwd.getpwnam(USER).pw_dir
        running = subprocess.Popen(
            ["setpriv", "--reuid", USER, "--clear-groups", "sh", "-c",
             f"echo $$ >/sys/fs/cgroup/pids/airlock-{USER}/cgroup.procs; "
             "echo there; exec sleep 1000"], stdout=subprocess.PIPE, text=True)
        self.assertEqual(running.stdout.readline(), "there\n")
        running.stdout.close()

        removed = script("--remove")

        self.assertEqual(removed.returncode, 0, removed.stderr)
        self.assertEqual(running.wait(PATIENCE_SECONDS), -9)
        for fact in before:
            if isinstance(fact, tuple):
                self.assertFalse(os.path.exists(fact[0]), fact[0])
        self.assertFalse(os.path.exists(home))
        self.assertNotEqual(run("getent", "passwd", USER).returncode, 0)
        self.assertNotEqual(self.login("true").returncode, 0)
        self.assertEqual(script("--remove").returncode, 0, "twice is the same")


def main():
    """Outside: makes the namespaces, and removes what could have outlived them."""
    if INSIDE in sys.argv:
        copy_folders()
        unittest.main(argv=[sys.argv[0]])
    user = f"aht{os.getpid()}"
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc",
               "--kill-child", sys.executable, "-B", __file__, SCRIPT, INSIDE]
    done = subprocess.run(command, check=False,
                          env={**os.environ, "AIRLOCK_TEST_USER": user})
    for folder in glob.glob(GROUPS + user):
        os.rmdir(folder)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
