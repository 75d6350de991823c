"""Makes accounts with sessions, for a server that has them; prints variables."""

import json
import shlex

from calls import PASSWORD, call, login, sign_in

first = login("admin", "AdminPass1")
for name in ("runner", "leaving"):
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "confirmed": True}
    user = call("POST", "/api/users", body, first)
    if name == "runner":
        print(f"export OPENAPI_TEST_ID={user['id']}")
renewed, ended = sign_in("runner", PASSWORD), login("runner", PASSWORD)
sessions = call("GET", "/api/auth/sessions", token=ended)["data"]
current = next(session["id"] for session in sessions if session["current"])
known = {
    # Without an access token: only the public may renew, unless somebody says otherwise.
    "POST /api/auth/refresh": {"body": {"refreshToken": renewed["refreshToken"]}, "token": None},
    "DELETE /api/auth/sessions/{session}": {"path": {"session": current}},
}
print(f"export OPENAPI_TEST_KNOWN={shlex.quote(json.dumps(known))}")
print("export OPENAPI_TEST_LEAVING=leaving")
print(f"token={login('runner', PASSWORD)}")
