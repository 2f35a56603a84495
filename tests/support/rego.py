"""Evaluates a rule of Rego over the plan on standard input, and prints what `opa eval --format json` prints.

`python tests/support/rego.py POLICY.rego QUERY`. It stands in for the program, not for the language: regopy is an
implementation of Rego by others.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import regopy


def evaluated(policy: Path, query: str, plan: Any) -> Any:
    """The value of the query."""
    rego = regopy.Interpreter()
    rego.add_module(policy.name, policy.read_text(encoding="utf-8"))
    rego.set_input(plan)
    return json.loads(str(rego.query(query)))["expressions"][0]


if __name__ == "__main__":
    value = evaluated(Path(sys.argv[1]), sys.argv[2], json.load(sys.stdin))
    sys.stdout.write(json.dumps({"result": [{"expressions": [{"value": value, "text": sys.argv[2]}]}]}))
