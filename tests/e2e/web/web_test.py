"""Uses the page with a real browser.

  python3 web_test.py BIN WORK [TEST FILE...]

BIN has the built programs. WORK belongs to a build tree: playwright-core and
axe-core are installed into it from npm, pinned by package-lock.json beside this
file, and the screenshots of each page are put into WORK/output. The browser is
Debian's chromium. Without test files all of them run.
"""

import glob
import hashlib
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
INSTALL_SECONDS = 180
PINS = ("package.json", "package-lock.json")
BROWSER = "/usr/bin/chromium"


def pins_digest():
    """Changes when another version is pinned."""
    digest = hashlib.sha256()
    for name in PINS:
        with open(os.path.join(HERE, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def install(directory):
    """Installs the pinned packages unless they are there."""
    stamp = os.path.join(directory, "stamp")
    wanted = pins_digest()
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as file:
            if file.read() == wanted:
                return
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    for name in PINS:
        shutil.copy(os.path.join(HERE, name), directory)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                    "--loglevel=error"],
                   cwd=directory, check=True, timeout=INSTALL_SECONDS)
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    bin_directory, work = (os.path.abspath(path) for path in sys.argv[1:3])
    if not os.path.exists(BROWSER):
        sys.exit(f"{BROWSER} is not there: deploy/setup.sh --tests installs it")
    packages = os.path.join(work, "packages")
    install(packages)
    output = os.path.join(work, "output")
    os.makedirs(output, exist_ok=True)
    tests = sys.argv[3:] or sorted(glob.glob(os.path.join(HERE, "*.test.mjs")))
    environment = dict(os.environ, AIRLOCK_BIN=bin_directory,
                       AIRLOCK_WEB_OUTPUT=output,
                       AIRLOCK_WEB_PACKAGES=os.path.join(packages,
                                                         "node_modules"))
    # One file after the other: each starts all services of its own.
    for test in tests:
        run = subprocess.run(["node", "--test", test], env=environment,
                             check=False)
        if run.returncode != 0:
            sys.exit(run.returncode)


if __name__ == "__main__":
    main()
