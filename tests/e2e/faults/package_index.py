#!/usr/bin/python3
"""Serves one Python and one Node package from loopback, for pip and npm.

  package_index.py FILE     writes the port to FILE once it answers
"""

import base64
import hashlib
import http.server
import io
import json
import os
import sys
import tarfile
import zipfile

NAME = "airlock-greeting"
MODULE = "airlock_greeting"
WHEEL = f"{MODULE}-1.0-py3-none-any.whl"
TARBALL = f"{NAME}-1.0.0.tgz"


def wheel():
    """A wheel with one module and one program."""
    info = f"{MODULE}-1.0.dist-info"
    files = {
        f"{MODULE}.py": "def main():\n    print('greetings from pip')\n",
        f"{info}/METADATA":
            f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\n"
                         "Root-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt":
            f"[console_scripts]\ngreet-py = {MODULE}:main\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in [*files.items(), (f"{info}/RECORD", record)]:
            archive.writestr(name, text)
    return made.getvalue()


def tarball():
    """An npm package with one module and one program."""
    package = {"name": NAME, "version": "1.0.0", "main": "index.js",
               "bin": {"greet-js": "greet.js"}}
    files = {
        "package.json": json.dumps(package),
        "index.js": "module.exports = () => 'greetings from npm';\n",
        "greet.js": "#!/usr/bin/env node\n"
                    "console.log(require('./index.js')());\n",
    }
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo("package/" + name)
            entry.size = len(text)
            entry.mode = 0o755
            archive.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


class Index(http.server.BaseHTTPRequestHandler):
    """Both registries: /simple/ for pip, the rest for npm."""

    wheel = wheel()
    tarball = tarball()

    def do_GET(self):
        page = self.pages().get(self.path)
        self.send_response(404 if page is None else 200)
        kind, body = page or ("text/plain", b"")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pages(self):
        root = "http://" + self.headers["Host"]
        digest = base64.b64encode(hashlib.sha512(self.tarball).digest())
        document = {
            "name": NAME, "dist-tags": {"latest": "1.0.0"},
            "versions": {"1.0.0": {
                "name": NAME, "version": "1.0.0",
                "bin": {"greet-js": "greet.js"},
                "dist": {"tarball": f"{root}/{TARBALL}",
                         "integrity": "sha512-" + digest.decode()}}}}
        link = f'<a href="/{WHEEL}">{WHEEL}</a>'
        return {
            f"/simple/{NAME}/": ("text/html", link.encode()),
            f"/{WHEEL}": ("application/zip", self.wheel),
            f"/{NAME}": ("application/json", json.dumps(document).encode()),
            f"/{TARBALL}": ("application/gzip", self.tarball),
        }

    def log_message(self, format, *args):
        """Says nothing: its output is nobody's."""


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    written = sys.argv[1] + ".new"
    with open(written, "w", encoding="ascii") as file:
        file.write(str(server.server_port))
    os.rename(written, sys.argv[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
