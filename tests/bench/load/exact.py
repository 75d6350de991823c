"""Counts allocations and statements over requests that are sent one by one."""

import json
import socket
from dataclasses import dataclass
from statistics import median

from .servers import PING, Wrong

ROUNDS, REQUESTS = 9, 1000


class Wire:
    """One connection, kept alive; the same bytes in every round."""

    def __init__(self, server, jwt):
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        header = f"Authorization: Bearer {jwt}\r\n" if jwt else ""
        self.ping = f"GET {PING} HTTP/1.1\r\nHost: bench\r\n{header}\r\n".encode()

    def ask(self, request):
        self.socket.sendall(request)
        answer = self.socket.recv(65536)
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise Wrong(f"{self.server.variant}: {head.splitlines()[0].decode()}")
        fields = dict(line.lower().split(b": ", 1) for line in head.splitlines()[1:])
        while len(body) < int(fields[b"content-length"]):
            body += self.socket.recv(65536)
        return body

    def stats(self):
        return json.loads(self.ask(b"GET /stats HTTP/1.1\r\nHost: bench\r\n\r\n"))

    def round(self, requests):
        before = self.stats()
        for _ in range(requests):
            self.ask(self.ping)
        after = self.stats()
        return {key: after[key] - before[key] for key in after}


@dataclass
class Counts:
    """Per request."""

    allocations: float
    queries: float


def count(server, jwt=None):
    """What each of many requests takes."""
    wire = Wire(server, jwt)
    wire.round(REQUESTS)  # whatever is done once is done here
    # What the reading itself costs; the median, as background threads allocate now and then.
    reading = median(wire.round(0)["allocations"] for _ in range(ROUNDS))
    rounds = [wire.round(REQUESTS) for _ in range(ROUNDS)]
    if any(used["requests"] != REQUESTS + 1 for used in rounds):
        raise Wrong(f"{server.variant}: requests were lost")
    allocations = median(used["allocations"] for used in rounds) - reading
    queries = median(used["queries"] for used in rounds)
    wire.socket.close()
    return Counts(allocations / REQUESTS, queries / REQUESTS)
