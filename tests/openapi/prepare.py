"""Makes the account of the run and what the examples of the description speak of; prints variables."""

import json
import re
import shlex
import time

from calls import PASSWORD, URL, call, login

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


def mailed(name, parameter):
    """The code of a mail to a user; it is written a moment after the answer."""
    for _ in range(100):
        for mail in call("GET", "/api/users-permissions/dev/mails"):
            code = re.search(rf"[?&]{parameter}=([0-9a-f]+)", mail["text"])
            if mail["to"] == f"{name}@example.com" and code:
                return code[1]
        time.sleep(0.1)
    raise SystemExit(f"no mail with {parameter} came to {name}")


# Who waits for a confirmation, forgot a password, and changes one.
advanced = "/api/users-permissions/advanced"
call("PUT", advanced, {"email_confirmation": True, "email_confirmation_redirection": URL + "/health"}, first)
call("POST", "/api/auth/local/register",
     {"username": "waiting", "email": "waiting@example.com", "password": PASSWORD})
confirmation = mailed("waiting", "confirmation")
call("PUT", advanced, {"email_confirmation": False}, first)
user("forgetful")
call("POST", "/api/auth/forgot-password", {"email": "forgetful@example.com"})
user("changing")
new = {"password": "horse battery 10", "passwordConfirmation": "horse battery 10"}
known = {
    "GET /api/auth/email-confirmation": {"query": {"confirmation": confirmation}},
    "POST /api/auth/reset-password": {"body": {"code": mailed("forgetful", "code"), **new}},
    "POST /api/auth/change-password": {
        "body": {"currentPassword": PASSWORD, **new},
        "token": login("changing", PASSWORD),
    },
}
print(f"export OPENAPI_TEST_KNOWN={shlex.quote(json.dumps(known))}")
print(f"export OPENAPI_TEST_ID={own['id']}")
print(f"token={login('runner', PASSWORD)}")
