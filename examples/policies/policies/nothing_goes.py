"""Denies plans that delete or replace anything: in production that is somebody's decision."""

import json
import sys

plan = json.load(sys.stdin)
print(
    json.dumps(
        {
            "deny": [
                {"address": change["address"], "reason": "nothing is deleted in production by a plan alone"}
                for change in plan["resource_changes"]
                if "delete" in change["change"]["actions"]
            ]
        }
    )
)
