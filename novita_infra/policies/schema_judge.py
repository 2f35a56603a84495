"""Compares a plan on standard input with the JSON Schema in a file: the program that a policy with a schema runs.

It runs in a process of its own, because a pattern of a schema can take any time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from novita_infra.encoding.files import read_file
from novita_infra.encoding.json_text import parse_json
from novita_infra.policies.schemas import BadSchema, misfits

_LONGEST: Final = 64 * 2**20
"""The most bytes of a schema."""


def judge_by_schema(path: str, each: str) -> None:
    """Prints `{"deny": [...]}`, or `{"error": "..."}` if the file holds no schema."""
    try:
        schema = parse_json(read_file(Path(path), most=_LONGEST))
        reasons = misfits(schema, json.load(sys.stdin), each=each == "each")
    except BadSchema as error:
        answer: dict[str, object] = {"error": f"it is no JSON Schema: {error}"}
    except OSError as error:
        answer = {"error": f"it cannot be read: {error.strerror}"}
    except json.JSONDecodeError as error:
        what = f"{error.msg[:1].lower()}{error.msg[1:]}"
        answer = {"error": f"line {error.lineno}, column {error.colno}: it is no JSON: {what}"}
    except (ValueError, RecursionError) as error:
        answer = {"error": f"it is no JSON: {error}"}
    else:
        answer = {"deny": [{"reason": text, "address": address} for text, address in reasons]}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    judge_by_schema(*sys.argv[1:])
