"""Calls to the server of the run, as whoever prepares it makes them."""

import json
import os
import urllib.request

URL = os.environ["OPENAPI_TEST_URL"]
PASSWORD = "staple battery 9"


def call(method, path, body=None, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def sign_in(identifier, password):
    return call("POST", "/api/auth/local", {"identifier": identifier, "password": password})


def login(identifier, password):
    return sign_in(identifier, password)["jwt"]
