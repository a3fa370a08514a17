"""Checks the protos with buf's STANDARD rules (see buf.yaml).

  python3 buf_lint.py ROOT INSTALL_DIR

buf comes from npm, pinned by tests/checks/buf/package-lock.json, into
INSTALL_DIR, which belongs to a build tree.
"""

import hashlib
import os
import shutil
import subprocess
import sys

from tree import finish

INSTALL_SECONDS = 180
PINS = ("package.json", "package-lock.json")


def pins_digest(pins):
    """Changes when another version is pinned."""
    digest = hashlib.sha256()
    for name in PINS:
        with open(os.path.join(pins, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def installed_buf(install_dir):
    """The path of buf, installed first if it is not there."""
    pins = os.path.join(os.path.dirname(os.path.abspath(__file__)), "buf")
    buf = os.path.join(install_dir, "node_modules", ".bin", "buf")
    stamp = os.path.join(install_dir, "stamp")
    wanted = pins_digest(pins)
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as file:
            if file.read() == wanted:
                return buf
    shutil.rmtree(install_dir, ignore_errors=True)
    os.makedirs(install_dir)
    for name in PINS:
        shutil.copy(os.path.join(pins, name), install_dir)
    # "install", because "ci" wants the packages of every platform in the lock
    # file; versions and digests are taken from it all the same.
    subprocess.run(
        ["npm", "install", "--no-save", "--ignore-scripts", "--no-audit",
         "--no-fund", "--loglevel=error"],
        cwd=install_dir, check=True, timeout=INSTALL_SECONDS)
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)
    return buf


def problems_of(root, install_dir):
    """One line for each finding."""
    run = subprocess.run([installed_buf(install_dir), "lint"], cwd=root,
                         capture_output=True, text=True)
    found = (run.stdout + run.stderr).splitlines()
    if run.returncode != 0 and not found:
        found = [f"buf ended with {run.returncode}"]
    return found if run.returncode != 0 else []


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    finish(problems_of(os.path.abspath(sys.argv[1]),
                       os.path.abspath(sys.argv[2])), "protos")


if __name__ == "__main__":
    main()
