"""How long a checked read takes while everybody logs in."""

import json
import subprocess
import time
from dataclasses import dataclass

from .exact import Wire
from .servers import PASSWORD
from .wrk import command, finished

CONNECTIONS = 64
# Between two reads: where they are answered at once, as they are not in the other variant, more of them
# would take from the logins, with which they share the cores.
PAUSE = 0.02
LOGINS = {
    "plugin": ("/api/auth/local", {"identifier": "reader", "password": PASSWORD}),
    "loginstorm-block": ("/login", {"password": PASSWORD}),
}


@dataclass
class Storm:
    """What a storm did."""

    median: float  # milliseconds of a read
    p99: float
    reads: int
    logins: float  # a second, up to the last answer


def storm(server, seconds):
    """Logins by wrk over 64 connections, and one client that reads."""
    path, body = LOGINS[server.variant]
    wire = Wire(server, server.jwt)
    wire.round(100)
    logins = subprocess.Popen(
        command(server, seconds, connections=CONNECTIONS, path=path, body=json.dumps(body)),
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(min(1, seconds / 4))  # until all of them wait
    reads = []
    while logins.poll() is None:
        begin = time.perf_counter()
        wire.ask(wire.ping)
        reads.append((time.perf_counter() - begin) * 1e3)
        time.sleep(PAUSE)
    answers, spent = finished(server, logins.stdout.read())
    reads.sort()
    return Storm(
        median=reads[len(reads) // 2],
        p99=reads[int(len(reads) * 0.99)],
        reads=len(reads),
        logins=answers / spent,
    )
