"""Runs the runner for aarch64 under an emulator of that processor.

  python3 aarch64_test.py RUNNER RUNNER_FOR_AARCH64

Needs user namespaces. Runs in namespaces of its own, so that everything that
was started ends with it. The emulator has neither openat2 nor namespaces, so
no command and no cell begins: what is tested is what comes before, and the
filter of system calls, which is compiled for this processor alone.
"""

import os
import select
import struct
import subprocess
import sys
import tempfile
import time
import unittest

INSIDE = "--inside"
PATIENCE_SECONDS = 30
LOOK_SECONDS = 0.02
EMULATOR = "/usr/bin/qemu-aarch64"
# A kernel older than 6.7 has one such folder for all, which we leave alone.
FORMATS = "/proc/sys/fs/binfmt_misc"
# What programs for aarch64 begin with, which of it counts, and what runs them.
FORMAT = (r":aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"
          r"\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff"
          r"\xff\xff\xff\xff\xfe\xff\xff\xff:" + EMULATOR + ":F")
NATIVE, PROGRAM = (os.path.abspath(path) for path in sys.argv[1:3])

AUDIT_ARCH_AARCH64 = 0xC00000B7
AUDIT_ARCH_X86_64 = 0xC000003E
AUDIT_ARCH_ARM = 0x40000028
RET_ALLOW = 0x7FFF0000
RET_ERRNO = 0x00050000
RET_KILL = 0x00000000
ALLOWED = {"openat": 56, "read": 63, "write": 64, "execve": 221, "clone": 220,
           "exit_group": 94, "mmap": 222, "openat2": 437, "close_range": 436}
REFUSED = {"mount": 40, "umount2": 39, "pivot_root": 41, "unshare": 97,
           "setns": 268, "bpf": 280, "keyctl": 219, "kexec_load": 104,
           "init_module": 105, "reboot": 142, "open_by_handle_at": 265}


def message(*fields):
    """Fields of a protobuf message, each a number and a small int or bytes."""
    coded = b""
    for number, value in fields:
        if isinstance(value, bytes):
            coded += varint(number << 3 | 2) + varint(len(value)) + value
        else:
            coded += varint(number << 3) + varint(value)
    return coded


def varint(value):
    coded = b""
    while value > 0x7F:
        coded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return coded + bytes([value])


def take_varint(coded):
    value = shift = 0
    for index, byte in enumerate(coded):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, coded[index + 1:]
    raise ValueError("half a number")


def fields_of(coded):
    """The last value of each field."""
    fields = {}
    while coded:
        key, coded = take_varint(coded)
        value, coded = take_varint(coded)
        if key & 7 == 2:
            value, coded = coded[:value], coded[value:]
        fields[key >> 3] = value
    return fields


class Talk:
    """Frames to and from a program."""

    def __init__(self, *command):
        self.program = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.program.kill()
        self.program.communicate()

    def say(self, number, *fields):
        coded = message((number, message(*fields)))
        self.program.stdin.write(struct.pack(">I", len(coded)) + coded)
        self.program.stdin.flush()

    def hear(self, number):
        """The fields of the next frame of this kind; others are passed over."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            frame = self._next_frame(end)
            if number in frame:
                return fields_of(frame[number])

    def _next_frame(self, end):
        while True:
            if len(self.received) >= 4:
                size = 4 + struct.unpack(">I", self.received[:4])[0]
                if len(self.received) >= size:
                    frame = fields_of(self.received[4:size])
                    self.received = self.received[size:]
                    return frame
            left = max(0, end - time.monotonic())
            output = self.program.stdout
            if not select.select([output], [], [], left)[0]:
                raise TimeoutError(f"nothing came; so far: {self.received!r}")
            piece = os.read(output.fileno(), 65536)
            if not piece:
                raise EOFError(f"it ended; so far: {self.received!r}")
            self.received += piece


def run(*arguments):
    return subprocess.run([EMULATOR, PROGRAM, *arguments], check=False,
                          capture_output=True, text=True,
                          timeout=PATIENCE_SECONDS)


class ProgramTest(unittest.TestCase):
    def test_it_is_the_same_version(self):
        native = subprocess.run([NATIVE, "--version"], check=True, text=True,
                                capture_output=True).stdout
        self.assertEqual(run("--version").stdout, native)

    def test_it_needs_nothing_from_the_host(self):
        with open(PROGRAM, "rb") as file:
            program = file.read()
        machine = struct.unpack_from("<H", program, 18)[0]
        table, = struct.unpack_from("<Q", program, 32)
        size, count = struct.unpack_from("<HH", program, 54)
        kinds = [struct.unpack_from("<I", program, table + size * index)[0]
                 for index in range(count)]
        self.assertEqual(machine, 183, "not for aarch64")
        self.assertNotIn(3, kinds, "it names a loader: not static")

    def test_a_probe_finds_what_it_always_does(self):
        with tempfile.TemporaryDirectory() as folder:
            probe = run("probe", "--memory", "8000000", "--pids", "4",
                        "--disk", "100000", "--inodes", "10", "--workspace",
                        folder, "--tmp", folder, "--shm", folder)
        self.assertEqual(probe.returncode, 0, probe.stderr)
        self.assertEqual(
            [line.split()[0] for line in probe.stdout.splitlines()],
            ["user", "capabilities", "privileges", "seccomp", "root",
             "network", "cpu", "disk", "inodes", "pids", "memory"])


class RunnerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.talk = self.enterContext(
            Talk(EMULATOR, PROGRAM, "--workspace", folder.name))

    def test_it_is_ready_and_answers(self):
        self.talk.say(1, (1, 1))
        self.assertEqual(self.talk.hear(1)[1], 1)
        self.talk.say(8)
        self.talk.hear(6)

    def test_another_protocol_is_refused(self):
        self.talk.say(1, (1, 2))
        self.assertIn(b"got 2", self.talk.hear(7)[1])


class HostTest(unittest.TestCase):
    def setUp(self):
        if not os.path.exists(FORMATS + "/aarch64"):
            self.skipTest("the kernel has no program formats of a namespace")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = folder.name

    def come(self):
        """As sshd starts it: a line, which starts the host if none is there."""
        return Talk(PROGRAM, "line", "--executor", "it", "--state", self.state)

    def test_a_line_starts_a_host_and_another_finds_it(self):
        with self.come() as line:
            line.say(1, (1, 1), (2, b"boot"))
            host = line.hear(1)[2]
        with self.come() as line:
            line.say(1, (1, 1), (2, b"boot"), (3, host))
            self.assertEqual(line.hear(1)[2], host)
            # The emulator makes no namespaces, and the host says so.
            line.say(3, (1, 1), (2, 1 << 26), (3, 500), (4, 20), (5, 1 << 20),
                     (6, 1 << 20), (7, 100), (9, 65534), (10, 65534), (11, 1))
            ended = line.hear(6)
            self.assertEqual((ended[1], ended[2]), (1, b"NOT_MADE"))
            self.assertIn(b"no new namespaces", ended[3])
            line.say(6)
            with self.assertRaises(EOFError):
                line.hear(3)
        end = time.monotonic() + PATIENCE_SECONDS
        while "it.sock" in os.listdir(self.state):
            self.assertLess(time.monotonic(), end, "the host did not leave")
            time.sleep(LOOK_SECONDS)

    def test_another_boot_finds_a_host_that_leaves(self):
        with self.come() as line:
            line.say(1, (1, 1), (2, b"boot"))
            line.hear(1)
        with self.come() as line:
            line.say(1, (1, 1), (2, b"later"))
            self.assertEqual(line.hear(3)[1], b"OTHER_BOOT")


class FilterTest(unittest.TestCase):
    """Follows the filter of system calls as the kernel would."""

    LOAD, JUMP, EQUAL, GREATER, GREATER_EQUAL, AND, RETURN = (
        0x20, 0x05, 0x15, 0x25, 0x35, 0x54, 0x06)

    def setUp(self):
        with open(PROGRAM, "rb") as file:
            self.program = file.read()
        # It begins with a look at the architecture.
        self.start = self.find(AUDIT_ARCH_AARCH64)

    def find(self, architecture):
        load = struct.pack("<HBBI", self.LOAD, 0, 0, 4)
        at = self.program.find(load)
        while at >= 0:
            code, _, _, value = struct.unpack_from("<HBBI", self.program, at + 8)
            if (code, value) == (self.EQUAL, architecture):
                return at
            at = self.program.find(load, at + 1)
        return -1

    def decide(self, number, architecture=AUDIT_ARCH_AARCH64, arguments=()):
        words = list(arguments) + [0] * (6 - len(arguments))
        data = struct.pack("<IIQ6Q", number, architecture, 0, *words)
        at, value = self.start, 0
        while True:
            code, yes, no, k = struct.unpack_from("<HBBI", self.program, at)
            at += 8
            if code == self.RETURN:
                return k
            if code == self.LOAD:
                value = struct.unpack_from("<I", data, k)[0]
            elif code == self.AND:
                value &= k
            elif code == self.JUMP:
                at += 8 * k
            else:
                holds = {self.EQUAL: value == k, self.GREATER: value > k,
                         self.GREATER_EQUAL: value >= k}[code]
                at += 8 * (yes if holds else no)

    def test_there_is_one_filter_and_it_is_ours(self):
        self.assertGreaterEqual(self.start, 0)
        self.assertEqual(self.find(AUDIT_ARCH_X86_64), -1)

    def test_what_programs_need_is_allowed(self):
        for name, number in ALLOWED.items():
            self.assertEqual(self.decide(number), RET_ALLOW, name)

    def test_what_leads_out_is_refused(self):
        for name, number in REFUSED.items():
            self.assertEqual(self.decide(number) & 0xFFFF0000, RET_ERRNO, name)

    def test_new_namespaces_are_refused(self):
        for flag in (0x10000000, 0x00020000, 0x20000000):
            self.assertEqual(
                self.decide(220, arguments=(flag,)) & 0xFFFF0000, RET_ERRNO)
        # clone3 hides its flags, so there is none: the C library does without.
        self.assertEqual(self.decide(435), RET_ERRNO | 38)

    def test_calls_of_another_processor_end_the_program(self):
        for architecture in (AUDIT_ARCH_X86_64, AUDIT_ARCH_ARM):
            self.assertEqual(self.decide(63, architecture), RET_KILL)


def inside():
    """Lets programs for aarch64 start here as any other, where that is ours."""
    mounted = subprocess.run(["mount", "-t", "binfmt_misc", "none", FORMATS],
                             check=False, capture_output=True)
    if mounted.returncode == 0:
        with open(FORMATS + "/register", "w", encoding="ascii") as register:
            register.write(FORMAT)
    unittest.main(argv=sys.argv[:1], verbosity=2)


if __name__ == "__main__":
    if INSIDE in sys.argv:
        inside()
    os.execvp("unshare", [
        "unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork",
        "--kill-child", "--mount-proc", sys.executable, "-B",
        os.path.abspath(__file__), NATIVE, PROGRAM, INSIDE])
