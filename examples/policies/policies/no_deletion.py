"""Denies plans that delete or replace a resource."""

import json
import sys

plan = json.load(sys.stdin)
print(
    json.dumps(
        {
            "deny": [
                {"address": change["address"], "reason": "deleting in production needs an approval"}
                for change in plan["resource_changes"]
                if "delete" in change["change"]["actions"]
            ]
        }
    )
)
