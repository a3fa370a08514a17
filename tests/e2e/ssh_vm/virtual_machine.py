"""A Debian 12 of its own in a virtual machine, as root."""

import os
import shutil
import socket
import subprocess
import tempfile
import time

QEMU = "/usr/bin/qemu-system-x86_64"
IMAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "image.sh")
MEMORY_MIB = 1536
PATIENCE_SECONDS = 300
LOOK_SECONDS = 0.2
RETRIES = 20


def why_not():
    """What is missing to start one; nothing if it can be started."""
    for needed in (QEMU, "/usr/sbin/debootstrap", "/usr/sbin/mke2fs"):
        if not os.path.exists(needed):
            return f"{needed} is missing: install its package"
    if os.geteuid() != 0:
        return "the disk is made as root"
    return None


def translates():
    """Whether the machine's code is translated, some ten times slower, not run.

    A /dev/kvm alone is not enough: where the processor itself does not make
    virtual machines, an ordinary kernel does not start in them.
    """
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = file.read().split()
    return not ("vmx" in flags or "svm" in flags) or not os.access(
        "/dev/kvm", os.R_OK | os.W_OK)


def free_port():
    """A port of the loopback address where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class VirtualMachine:
    """Runs until stop(). What it writes to its disk is lost with it.

    `kernel_words` go to the kernel's command line. Port 22 is reached at `port`
    of the loopback address; the machine itself reaches nobody.
    """

    def __init__(self, kernel_words=""):
        self.image = subprocess.run(
            [IMAGE], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        self.folder = tempfile.mkdtemp(prefix="airlock-vm-")
        self.console = os.path.join(self.folder, "console")
        self.port = free_port()
        self.process = subprocess.Popen(
            [QEMU, "-accel", "tcg" if translates() else "kvm", "-cpu",
             "max", "-smp", "1", "-m", str(MEMORY_MIB), "-nodefaults",
             "-no-user-config", "-display", "none",
             "-kernel", self.image + "/vmlinuz", "-initrd",
             self.image + "/initrd.img", "-append",
             f"root=/dev/vda rw console=ttyS0 quiet panic=-1 "
             f"no_timer_check {kernel_words}",
             "-drive", f"file={self.image}/disk.img,format=raw,if=virtio,snapshot=on",
             "-netdev", "user,id=net,restrict=on,hostfwd="
             f"tcp:127.0.0.1:{self.port}-:22",
             "-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci",
             "-serial", "file:" + self.console],
            stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": self.folder})
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """Takes its power away."""
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_ready(self):
        """Until somebody can log in."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.run("true").returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.console, encoding="utf-8", errors="replace") as file:
                    raise AssertionError("it does not start:\n" + file.read()[-4000:])
            time.sleep(LOOK_SECONDS)

    def restart(self):
        """Starts its system again, with the disk as it is."""
        before = self.do("cat /proc/sys/kernel/random/boot_id")
        self.run("systemctl --no-block reboot")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.run("cat /proc/sys/kernel/random/boot_id").stdout in ("", before):
            if time.monotonic() > deadline:
                raise AssertionError("it does not start again")
            time.sleep(LOOK_SECONDS)

    def run(self, line, stdin=None):
        """A line of shell as root, finished; whether it failed is not asked."""
        for _ in range(RETRIES):
            done = self._log_in(line, stdin)
            # Where sshd was just told to start again nothing has run.
            if done.returncode != 255 or "kex_exchange" not in str(done.stderr):
                break
            time.sleep(LOOK_SECONDS)
        return done

    def _log_in(self, line, stdin):
        return subprocess.run(
            ["ssh", "-F", "/dev/null", "-i", self.image + "/root_key", "-p",
             str(self.port), "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o",
             "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
             "-o", "ConnectTimeout=30", "root@127.0.0.1", line],
            input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True, text=not isinstance(stdin, bytes), check=False,
            timeout=PATIENCE_SECONDS * 2)

    def do(self, line, stdin=None):
        """The same, and what it wrote; it must not fail."""
        done = self.run(line, stdin)
        if done.returncode != 0:
            raise AssertionError(f"{line}: {done.returncode}: {done.stderr}")
        return done.stdout

    def put(self, path, target, mode="755"):
        """Copies a file there."""
        with open(path, "rb") as file:
            self.do(f"mkdir -p $(dirname {target}) && cat >{target} && "
                    f"chmod {mode} {target}", file.read())

    def fingerprint(self):
        """Of its key, as ssh-keygen says it."""
        with open(self.image + "/fingerprint", encoding="utf-8") as file:
            return file.read().split()[1]
