"""What schemathesis is told beside the description, and what is noted of the answers."""

import atexit
import json
import os

import schemathesis

from calls import PASSWORD, login

OWN_ACCOUNT = os.environ["OPENAPI_TEST_ID"]
# Nobody has none.
TOKEN = os.environ.get("OPENAPI_TEST_TOKEN")
# Operation -> what no random call knows, for the first call of it.
KNOWN = json.loads(os.environ["OPENAPI_TEST_KNOWN"]) if TOKEN else {}
SEEN = os.environ["OPENAPI_TEST_SEEN"]
# Who logs out, where there are sessions: signed in for each call, or all but the first would be 401.
LEAVING = os.environ.get("OPENAPI_TEST_LEAVING")

# Operation -> statuses it answered.
seen = {}


@schemathesis.hook
def filter_case(context, case):
    """Nobody blocks, demotes or deletes the account the calls are made with: its token would end, and
    all that follows be 401."""
    if case.method.upper() in ("PUT", "DELETE") and case.operation.path == "/api/users/{id}":
        return str(case.path_parameters.get("id")) != OWN_ACCOUNT
    if case.operation.label == "PUT /api/users-permissions/advanced" and isinstance(case.body, dict):
        # Whoever registers is looked at, and signs in at once.
        return case.body.get("allow_register") is not False and case.body.get("email_confirmation") is not True
    return True


@schemathesis.hook
def before_call(context, case, kwargs):
    token = TOKEN
    known = KNOWN.pop(case.operation.label, None)
    if known:
        case.query = known.get("query", {})
        case.path_parameters = known.get("path", case.path_parameters)
        if "body" in known:
            case.body, case.media_type = known["body"], "application/json"
        token = known.get("token", token)
    if LEAVING and case.operation.label == "POST /api/auth/logout":
        token = login(LEAVING, PASSWORD)
    if token:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
    if known and "path" not in known:
        case.headers = {**(case.headers or {}), "Content-Type": "application/json"}


@schemathesis.hook
def after_call(context, case, response):
    seen.setdefault(case.operation.label, set()).add(response.status_code)


@atexit.register
def write():
    with open(SEEN, "w", encoding="utf-8") as file:
        json.dump({label: sorted(statuses) for label, statuses in seen.items()}, file)
