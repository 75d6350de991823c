"""Builds the servers, and runs one of them on the first core."""

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
PASSWORD = "seven quiet herons wade"  # as in src/storm.rs
ACCOUNT = {"username": "reader", "email": "reader@example.com", "password": PASSWORD}
PING = "/api/ping"
# Variants that serve the plugin's own routes, and so can register the account.
HAVE_ACCOUNTS = {"plugin", "sessions", "mounted", "below", "example", "query", "loginstorm-block"}


class Wrong(Exception):
    """A server does not do what it has to: no timing, a fault."""


def build():
    """The path of the optimised server."""
    command = ["cargo", "build", "--release", "-p", "bench", "--bin", "server"]
    command.append("--message-format=json-render-diagnostics")
    manifest = Path(__file__).resolve().parents[1]
    output = subprocess.run(command, cwd=manifest, check=True, stdout=subprocess.PIPE)
    messages = map(json.loads, output.stdout.splitlines())
    return next(m["executable"] for m in messages if m.get("executable"))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A running variant, with a database of its own. `env` is added to the environment."""

    def __init__(self, binary, variant, cores=(SERVER_CORE,), env=None):
        self.variant, self.port = variant, free_port()
        self.directory = tempfile.TemporaryDirectory(prefix="bench-")
        self.log = Path(self.directory.name, "log")
        pinned = ["taskset", "-c", ",".join(map(str, cores))]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*pinned, binary, variant, str(self.port)],
                cwd=self.directory.name,
                env=os.environ | {"RUST_LOG": "info"} | (env or {}),
                stdout=log,
                stderr=log,
            )
        try:
            self.wait()
            self.jwt = self.register() if variant in HAVE_ACCOUNTS else None
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.directory.cleanup()

    def wait(self):
        until = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < until:
            try:
                return self.stats()
            except OSError:
                time.sleep(0.02)
        raise Wrong(f"{self.variant} does not start: {self.log.read_text()[-500:]}")

    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        text = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"} | (headers or {})
        connection.request(method, path, text, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200:
            raise Wrong(f"{self.variant}: {method} {path} is {answer.status}, {content[:200]}")
        return content

    def stats(self):
        return json.loads(self.call("GET", "/stats"))

    def register(self):
        return json.loads(self.call("POST", "/api/auth/local/register", ACCOUNT))["jwt"]
