"""What schemathesis is told beside the description, and what is noted of the answers."""

import atexit
import json
import os

import schemathesis

OWN_ACCOUNT = os.environ["OPENAPI_TEST_ID"]
SEEN = os.environ["OPENAPI_TEST_SEEN"]

# Operation -> statuses it answered.
seen = {}


@schemathesis.hook
def filter_case(context, case):
    """Nobody blocks, demotes or deletes the account the calls are made with: its token would end, and
    all that follows be 401."""
    if case.method.upper() in ("PUT", "DELETE") and case.operation.path == "/api/users/{id}":
        return str(case.path_parameters.get("id")) != OWN_ACCOUNT
    return True


@schemathesis.hook
def after_call(context, case, response):
    seen.setdefault(case.operation.label, set()).add(response.status_code)


@atexit.register
def write():
    with open(SEEN, "w", encoding="utf-8") as file:
        json.dump({label: sorted(statuses) for label, statuses in seen.items()}, file)
