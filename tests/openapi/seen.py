"""Fails when an operation never answered what it is there for: then its answers were not checked."""

import json
import sys

# Out of reach for random calls, and why.
UNREACHED = {
    "GET /api/auth/{provider}/callback": "needs a login at a provider",
    "GET /api/connect/{provider}": "no provider is enabled",
    "POST /api/auth/identities": "needs a login at a provider",
    "DELETE /api/auth/identities/{identity}": "needs a linked provider",
    "POST /api/users-permissions/setup": "there is an administrator already",
    "DELETE /api/users-permissions/permissions/{action}": "no action is stale",
    "POST /api/users-permissions/outbox/{id}/retry": "no mail was given up",
    # The run is in the default mode, where sessions are not there.
    "POST /api/auth/refresh": "refresh mode only",
    "POST /api/auth/logout": "refresh mode only",
    "GET /api/auth/sessions": "refresh mode only",
    "DELETE /api/auth/sessions/{session}": "refresh mode only",
}

with open(sys.argv[1], encoding="utf-8") as file:
    paths = json.load(file)["paths"]
with open(sys.argv[2], encoding="utf-8") as file:
    seen = json.load(file)

missing = []
for path, item in paths.items():
    for method, operation in item.items():
        label = f"{method.upper()} {path}"
        good = [int(status) for status in operation["responses"] if status[0] in "23"]
        if good and not set(good) & set(seen.get(label, [])) and label not in UNREACHED:
            missing.append(f"{label}: {seen.get(label)}")
print(f"{len(seen)} operations were called; without success: {len(missing)}")
for label in missing:
    print(f"  {label}", file=sys.stderr)
sys.exit(bool(missing))
