"""Runs sandboxes on hosts that are virtual machines with Debian 12.

  python3 ssh_vm_test.py BIN PROGRAM... [-- UNITTEST ARGUMENTS]

BIN has Airlock; each PROGRAM is copied to a host, and run there if its name
ends with "_test". Exit code 77: there can be no virtual machine here.

A machine that translates the host's code takes a quarter of an hour.
"""

import os
import sys
import unittest

from hosts import SshHost, Up, until
from virtual_machine import translates, why_not

HERE = os.path.dirname(os.path.abspath(__file__))
MAIN_JOB = os.path.join(HERE, "..", "ssh", "ssh_test.py")
SCRIPT = "/opt/ssh-host.sh"
SKIPPED = 77
PROGRAMS = []
CHECKS = ("user", "capabilities", "privileges", "seccomp", "root", "network",
          "cpu", "disk", "inodes", "pids", "memory", "swap")
# Of the executor these tests start, on the host.
CELLS = "find /sys/fs/cgroup -type d -name 'ex-*-[0-9]*'"


class HostTest(unittest.TestCase):
    """What tests of a host have in common. One host for all tests of a class."""

    KERNEL_WORDS = ""

    @classmethod
    def setUpClass(cls):
        cls.host = SshHost(cls.KERNEL_WORDS)
        cls.addClassCleanup(cls.host.stop)
        cls.vm = cls.host.vm

    def expect_all_enforced(self, user):
        """Every limit is there, and was tried in a sandbox."""
        checked = self.host.check(user)
        self.assertEqual(checked.returncode, 0, checked.stdout)
        for check in CHECKS:
            self.assertIn(f"{check}: holds", checked.stdout)

    def expect_refused(self, user, *words):
        """Not without what is missing; best effort is another matter."""
        checked = self.host.check(user)
        self.assertEqual(checked.returncode, 1, checked.stdout)
        for word in words:
            self.assertIn(word, checked.stdout)

    def expect_best_effort(self, user):
        checked = self.host.check(user, enforcement="best_effort")
        self.assertEqual(checked.returncode, 0, checked.stdout)
        self.assertIn("network: holds", checked.stdout)
        self.assertIn("memory: does not hold", checked.stdout)


class PreparedHost:
    """A host that the script made ready from nothing. The last tests start it
    again and take everything away."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prepared = cls.host.prepare("sandbox")

    def test_nothing_is_missing(self):
        self.assertEqual(self.prepared.returncode, 0, self.prepared.stderr)
        self.assertNotRegex(self.prepared.stdout, r"(?m)^  .{28} no ")
        self.assertIn(self.vm.fingerprint(), self.prepared.stdout)

    def test_every_limit_holds(self):
        self.expect_all_enforced("sandbox")

    def test_second_run_changes_nothing(self):
        again = self.host.prepare("sandbox")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(again.stdout, self.prepared.stdout)

    def test_the_main_job(self):
        done = self.host.run_script(MAIN_JOB, "sandbox")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_limits_are_the_kernels(self):
        with Up(self.host, "sandbox") as up:
            up.expect("run", "--", "true")
            cells = until(lambda: self.vm.do(CELLS).split())
            for file, value in self.LIMITS.items():
                found = [cell for cell in cells if self.PART.get(file, "") in cell]
                self.assertTrue(found, file)
                read = self.vm.do(f"cat {found[0]}/{file}").strip()
                self.assertEqual(read, value, file)

    def test_what_runs_out_is_named(self):
        with Up(self.host, "sandbox") as up:
            killed = up.run("run", "--", "tail", "/dev/zero")
            self.assertEqual(killed.returncode, 137, killed)
            self.assertIn("memory", killed.stderr)
            forks = up.run("run", "--shell", "for i in $(seq 2000); do sleep 60 & "
                                             "done; echo all")
            self.assertNotIn("all", forks.stdout)
            self.assertIn("fork", forks.stderr)

    def test_no_output_is_lost_with_the_connection(self):
        with Up(self.host, "sandbox") as up:
            running = up.start("run", "--shell", "for i in $(seq 12); do echo $i; "
                                                 "sleep 1; done")
            self.assertEqual(running.stdout.readline(), "1\n")
            self.vm.do("pkill -KILL -u sandbox -x sshd")
            self.assertEqual(running.stdout.read().split(),
                             [str(i) for i in range(2, 13)])
            self.assertEqual(running.wait(), 0)

    def test_a_killed_executor_leaves_nothing(self):
        with Up(self.host, "sandbox") as up:
            running = up.start("run", "--shell", "echo begun; exec sleep 6173")
            self.assertEqual(running.stdout.readline(), "begun\n")
            up.kill_everything()
            running.wait()
        # Nobody comes back: after a while the host knows.
        until(lambda: not self.vm.run(CELLS).stdout)
        self.assertNotEqual(self.vm.run("pgrep -f '[s]leep 6173'").returncode, 0)
        until(lambda: self.vm.run("pgrep -u sandbox -f 'airlock-runner.* host'"
                                  ).returncode != 0)

    def test_x_all_is_there_after_a_start(self):
        self.vm.restart()
        checked = self.vm.run(f"{SCRIPT} --user sandbox --check")
        self.assertEqual(checked.returncode, 0, checked.stdout)
        self.expect_all_enforced("sandbox")

    def test_y_remove_takes_everything_away(self):
        removed = self.vm.run(f"{SCRIPT} --user sandbox --remove")
        self.assertEqual(removed.returncode, 0, removed.stderr)
        left = self.vm.do(
            "getent passwd sandbox; ls -d /home/sandbox; "
            "find /etc /usr/local /var/lib/systemd/linger -name '*airlock*' "
            "-o -name '*sandbox*'; find /sys/fs/cgroup -name 'airlock*'; true")
        self.assertEqual(left, "")


class PreparedV2Test(PreparedHost, HostTest):
    """Control groups of version 2, as systemd delegates them."""

    LIMITS = {"memory.max": "134217728", "memory.swap.max": "0",
              "cpu.max": "100000 100000"}
    PART = {}


class PreparedV1Test(PreparedHost, HostTest):
    """Control groups of version 1, under systemd."""

    KERNEL_WORDS = "systemd.unified_cgroup_hierarchy=0"
    LIMITS = {"memory.limit_in_bytes": "134217728", "cpu.cfs_quota_us": "100000"}
    PART = {"memory.limit_in_bytes": "/memory/", "cpu.cfs_quota_us": "/cpu"}


class PlainAccountTest(HostTest):
    """Nothing but an account and its key, where systemd is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.make_account("plain")

    def setUp(self):
        # What another test started begins anew.
        self.vm.run("loginctl terminate-user plain")
        until(lambda: self.vm.run("pgrep -u plain").returncode != 0)

    def changed(self, change, undo):
        """Root does something until the test ends."""
        self.vm.do(change)
        self.addCleanup(self.vm.do, undo)

    def test_a_login_is_enough_for_every_limit(self):
        self.assertEqual(
            self.vm.run("ls /var/lib/systemd/linger/plain").returncode, 2)
        self.expect_all_enforced("plain")

    def test_and_so_it_is_where_the_account_lingers(self):
        self.changed("loginctl enable-linger plain",
                     "loginctl disable-linger plain")
        self.expect_all_enforced("plain")

    def test_systemd_run_may_be_missing(self):
        self.changed("mv /usr/bin/systemd-run /opt",
                     "mv /opt/systemd-run /usr/bin")
        self.expect_refused("plain", "memory, cpu, pids: ",
                            "cannot start systemd-run: No such file")
        self.expect_best_effort("plain")

    def test_systemd_run_may_fail(self):
        self.changed("systemctl stop dbus.socket dbus.service",
                     "systemctl start dbus.socket dbus.service && "
                     "systemctl restart systemd-logind")
        self.vm.do("mkdir -p /run/user/$(id -u plain)/systemd && "
                   "touch /run/user/$(id -u plain)/systemd/private && "
                   "chmod 755 /run/user/$(id -u plain)")
        self.expect_refused("plain", "systemd-run gave no cgroup: Failed to")
        self.vm.do("rm -r /run/user/$(id -u plain)")

    def test_a_login_without_systemd_is_told_how_to_get_one(self):
        config = "/etc/ssh/sshd_config.d/no-pam.conf"
        self.changed(f"echo UsePAM no >{config} && systemctl restart ssh",
                     f"rm {config} && systemctl restart ssh")
        self.expect_refused("plain", "libpam-systemd", "loginctl enable-linger")

    def test_without_namespaces_there_is_no_sandbox(self):
        for name in ("user.max_user_namespaces",
                     "kernel.unprivileged_userns_clone"):
            with self.subTest(name):
                before = self.vm.do(f"sysctl -n {name}").strip()
                self.vm.do(f"sysctl -q -w {name}=0")
                self.expect_refused("plain", "cannot make namespaces", name)
                self.vm.do(f"sysctl -q -w {name}={before}")


class NoMemoryTest(HostTest):
    """A kernel that does not count memory, as that of a Raspberry Pi at first."""

    KERNEL_WORDS = "cgroup_disable=memory"

    def test_it_is_said_with_what_would_do(self):
        prepared = self.host.prepare("sandbox")
        self.assertRegex(prepared.stdout, "memory limit .* no .*cgroup_enable=")
        self.assertRegex(prepared.stdout, "process limit .* yes")
        self.expect_refused("sandbox", "memory: the kernel",
                            "cgroup_enable=memory")
        self.expect_best_effort("sandbox")


class NoSystemdTest(HostTest):
    """Control groups of version 2, and nobody who delegates them."""

    KERNEL_WORDS = "init=/usr/local/sbin/plain-init"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.make_account("plain")

    def test_limits_are_refused_with_what_would_do(self):
        self.expect_refused("plain", "a cgroup of this user's own would do")
        self.expect_best_effort("plain")

    def test_the_script_says_what_it_cannot_do(self):
        prepared = self.host.prepare("sandbox")
        self.assertIn("delegated by systemd, which is not here", prepared.stderr)
        self.assertRegex(prepared.stdout, "memory limit .* no .*need systemd")
        self.expect_best_effort("sandbox")

    def test_z_logins_in_a_cgroup_of_the_users_own_will_do(self):
        self.vm.do("cd /sys/fs/cgroup && mkdir -p airlock-plain/logins && "
                   "chown plain: airlock-plain airlock-plain/cgroup.procs "
                   "airlock-plain/cgroup.subtree_control && "
                   "echo $(pgrep -o -x sshd) >airlock-plain/logins/cgroup.procs")
        self.expect_all_enforced("plain")


class ProgramsTest(HostTest):
    """Tests of this tree, on that host."""

    # What moves much within a time, where each instruction takes longer.
    FILTER = "-*TwoHundredAtOnce:*NewKeysUnderLoad*" if translates() else "*"

    def test_programs(self):
        self.host.copy_programs(PROGRAMS)
        for program in PROGRAMS:
            if not program.endswith("_test"):
                continue
            with self.subTest(os.path.basename(program)):
                done = self.vm.run(f"{program} --gtest_brief=1 "
                                   f"--gtest_filter='{self.FILTER}' 2>&1")
                self.assertEqual(done.returncode, 0, done.stdout[-8000:])


def main():
    reason = why_not()
    if reason:
        print("skipped, there can be no virtual machine: " + reason)
        sys.exit(SKIPPED)
    words = sys.argv[1:]
    rest = []
    if "--" in words:
        words, rest = words[:words.index("--")], words[words.index("--") + 1:]
    SshHost.bin = os.path.abspath(words[0])
    PROGRAMS.extend(os.path.abspath(word) for word in words[1:])
    unittest.main(argv=[sys.argv[0], "-v", *rest])


if __name__ == "__main__":
    main()
