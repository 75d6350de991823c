"""Load by wrk on the last core."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .servers import CLIENT_CORE, PING, Wrong

SCRIPT = Path(__file__).with_name("wrk.lua")
CONNECTIONS = 16


@dataclass
class Load:
    """What one slice of load showed."""

    cpu: float  # microseconds of the server per request
    rate: float  # requests a second
    busy: float  # the share of its core that the server had


def command(server, seconds, jwt=None, connections=CONNECTIONS, depth=1, path=PING, body=None):
    header = ["-H", f"Authorization: Bearer {jwt}"] if jwt else []
    url = f"http://127.0.0.1:{server.port}{path}"
    return [
        *["taskset", "-c", str(CLIENT_CORE), "wrk"],
        *["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", str(SCRIPT)],
        *header,
        *[url, "--", str(depth), *([body] if body else [])],
    ]


def finished(server, output):
    """Answers and seconds; an answer that was not 2xx is a fault."""
    answers, micros, failed = map(int, output.strip().splitlines()[-1].split())
    if failed:
        raise Wrong(f"{server.variant}: {failed} of {answers} answers failed\n{output}")
    return answers, micros / 1e6


def load(server, jwt=None, depth=1):
    """One slice: a second, for wrk knows no number of requests. The server counts them."""
    before = server.stats()
    output = subprocess.run(
        command(server, 1, jwt, depth=depth), check=True, capture_output=True, text=True
    ).stdout
    answers, spent = finished(server, output)
    after = server.stats()
    # The second reading is a request, too.
    requests = after["requests"] - before["requests"] - 1
    if not answers:
        raise Wrong(f"{server.variant}: no answer in {spent} s")
    cpu = after["cpu_us"] - before["cpu_us"]
    return Load(cpu=cpu / requests, rate=answers / spent, busy=cpu / 1e6 / spent)
