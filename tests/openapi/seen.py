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
}

with open(sys.argv[1], encoding="utf-8") as file:
    paths = json.load(file)["paths"]
# Of each run what it saw.
seen = {}
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        for label, statuses in json.load(file).items():
            seen.setdefault(label, set()).update(statuses)

missing = []
for path, item in paths.items():
    for method, operation in item.items():
        label = f"{method.upper()} {path}"
        good = [int(status) for status in operation["responses"] if status[0] in "23"]
        if good and not set(good) & seen.get(label, set()) and label not in UNREACHED:
            missing.append(f"{label}: {sorted(seen.get(label, []))}")
print(f"{len(seen)} operations were called; without success: {len(missing)}")
for label in missing:
    print(f"  {label}", file=sys.stderr)
sys.exit(bool(missing))
