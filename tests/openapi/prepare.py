"""Makes the account of the run and what the examples of the description speak of; prints variables."""

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


def login(identifier, password):
    return call("POST", "/api/auth/local", {"identifier": identifier, "password": password})["jwt"]


first = login("admin", "AdminPass1")
roles = call("GET", "/api/users-permissions/roles", token=first)["roles"]
administrator = next(role["id"] for role in roles if role["type"] == "administrator")


def user(name, role=None):
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "confirmed": True}
    if role:
        body["role"] = role
    return call("POST", "/api/users", body, first)


# Roles and users to change and to delete.
for number in range(3):
    call("POST", "/api/users-permissions/roles", {"name": f"Role {number}"}, first)
    user(f"user{number}")
own = user("runner", administrator)
# Who signs in by the example of the description.
user("ann")
print(f"export OPENAPI_TEST_ID={own['id']} OPENAPI_TEST_TOKEN={login('runner', PASSWORD)}")
