"""Load by wrk on the last core."""

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .servers import CLIENT_CORE, PING, Wrong

SCRIPT = Path(__file__).with_name("wrk.lua")
CONNECTIONS = 16
SLICE, DRAIN = 0.010, 0.001  # seconds of load, and until what was sent is answered
WARM_UP = 20_000  # requests


@dataclass
class Load:
    """What the slices of one load showed."""

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


class Source:
    """A load that flows while it is let."""

    def __init__(self, server, jwt, depth):
        self.server, self.spent = server, 0.0
        self.process = subprocess.Popen(
            command(server, 3600, jwt, depth=depth), stdout=subprocess.PIPE, text=True
        )

    def __enter__(self):
        begun = self.server.stats()["requests"]
        until = time.monotonic() + 30
        while self.server.stats()["requests"] - begun < WARM_UP:
            if self.process.poll() is not None or time.monotonic() > until:
                self.process.kill()
                raise Wrong(f"{self.server.variant}: no load\n{self.process.communicate()[0]}")
            time.sleep(SLICE)
        self.process.send_signal(signal.SIGSTOP)
        return self

    def __exit__(self, *failure):
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGINT)
        try:
            output, _ = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if not any(failure):
            finished(self.server, output)

    def flow(self):
        """Lets it for a slice."""
        begun = time.perf_counter()
        self.process.send_signal(signal.SIGCONT)
        time.sleep(SLICE)
        self.process.send_signal(signal.SIGSTOP)
        self.spent += time.perf_counter() - begun
        time.sleep(DRAIN)

    def load(self, before, after):
        """What it was, between two readings of the server."""
        # The second reading is a request, too.
        requests = after["requests"] - before["requests"] - 1
        if requests <= 0:
            raise Wrong(f"{self.server.variant}: no answer in {self.spent} s")
        cpu = after["cpu_us"] - before["cpu_us"]
        return Load(cpu / requests, requests / self.spent, cpu / 1e6 / self.spent)


def compared(ours, bare, jwt, depth, rounds):
    """The loads of two servers, in slices so short that both find the machine as it is: what else
    goes on there, and on the host of a virtual one, changes within a second by more than they differ."""
    with Source(ours, jwt, depth) as ours_source, Source(bare, jwt, depth) as bare_source:
        time.sleep(DRAIN)
        before = ours.stats(), bare.stats()
        for _ in range(rounds):
            for source in (ours_source, bare_source, bare_source, ours_source):
                source.flow()
        after = ours.stats(), bare.stats()
    return ours_source.load(before[0], after[0]), bare_source.load(before[1], after[1])
