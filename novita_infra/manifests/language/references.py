"""Finds what the expressions in a written value refer to, as text. It evaluates nothing and reports nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from novita_infra.manifests.language.expressions import OPENING

_EXPRESSION: Final = re.compile(r'\$\$\{|\$\{(?P<body>(?:"(?:[^"\\]|\\.)*+"?|[^}"])*+)(?P<closed>\})?', re.DOTALL)
_REFERENCE: Final = re.compile(
    r'"(?:[^"\\]|\\.)*+"?|(?<![\w.\])])(?P<subject>[a-z_]+\.[A-Za-z_][\w-]*+(?:\["[^"\]]*+"\])?)'
    r'(?P<rest>(?:\.[A-Za-z_*]\w*+|\[(?:"[^"\]]*+"|[^\]"]*+)\])*+)',
    re.DOTALL,
)


def references_in(value: Any) -> tuple[str, ...]:
    """The references inside a written value, each once, as Terraform lists them: `vpc.net.id`, then `vpc.net`."""
    return tuple(dict.fromkeys(_references(value)))


def _references(value: Any) -> Iterator[str]:
    match value:
        case str() if OPENING in value:
            for expression in _EXPRESSION.finditer(value):
                for match in _REFERENCE.finditer(expression["body"] if expression["closed"] else ""):
                    if match["subject"]:
                        yield match["subject"] + match["rest"]
                        yield match["subject"]
        case dict():
            for item in value.values():
                yield from _references(item)
        case list():
            for item in value:
                yield from _references(item)
