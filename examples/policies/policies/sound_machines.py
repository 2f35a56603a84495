"""Denies instances with an open SSH port, and warns of images without a fixed version."""

import json
import sys

plan = json.load(sys.stdin)
deny, warn = [], []
for change in plan["resource_changes"]:
    after = change["change"]["after"] or {}
    if change["type"] != "instance" or change["change"]["actions"] == ["no-op"]:
        continue
    if "22/tcp" in after.get("ports", []):
        deny.append({"address": change["address"], "reason": "port 22 is open; use the web terminal"})
    image = after.get("image", "")
    if image.endswith(":latest") or ":" not in image.rpartition("/")[2]:
        warn.append({"address": change["address"], "reason": f"{image} names no version"})
print(json.dumps({"deny": deny, "warn": warn}))
