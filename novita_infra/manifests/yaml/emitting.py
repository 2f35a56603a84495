"""Emits YAML that our own parser reads back to the same values. Everything that writes YAML writes it here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.scalars import CONSTANTS, NUMERIC, number, reading_in_yaml_1_1
from novita_infra.model.printable import printable

_WIDTH: Final = 120
_STRING: Final = "tag:yaml.org,2002:str"
_UNUSUAL: Final = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that stand only as an escape in double quotes: controls, other line ends, byte order marks."""


class NotReadBack(ValueError):
    """Raised for a value that YAML cannot hold, or that is read back as another one. The message shows no value."""


class _Dumper(yaml.SafeDumper):
    """A dumper that knows our rules of reading: numbers of YAML 1.2, and a line that ends with a line feed only."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Entries of a list stand two blanks below their key, as `fmt` writes them."""
        del indentless
        super().increase_indent(flow, False)

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar(_STRING, text, style=_style(text))


_Dumper.add_representer(str, _Dumper.represent_text)


def emit_yaml(document: Mapping[str, Any]) -> str:
    """Returns the YAML of one document. Raises NotReadBack if our parser would read another value."""
    try:
        text = _dumped(document, allow_unicode=True)
        if any(printable(line) != line for line in text.split("\n")):
            text = _dumped(document, allow_unicode=False)  # what shows nothing stands as an escape
        raw = text.encode()
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise NotReadBack("YAML cannot hold this value") from error
    parsed = read(raw, "")
    if parsed.diagnostics or [_is_same(item.data, document) for item in parsed.documents] != [True]:
        raise NotReadBack("YAML is read back as another value")
    return text


def _dumped(document: Mapping[str, Any], *, allow_unicode: bool) -> str:
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=allow_unicode, width=_WIDTH)
    return text


def emit_scalar(value: Any) -> str:
    """Returns a scalar, an empty list or an empty map as it is written after `key: `. Raises NotReadBack."""
    return emit_yaml({"key": value}).removeprefix("key: ").removesuffix("\n")


def _style(text: str) -> str | None:
    """Returns the style of a text: double-quoted, a block of lines, or None where the dumper chooses."""
    if _UNUSUAL.search(text) or _reads_otherwise(text):
        return '"'
    return "|" if "\n" in text else None


def _reads_otherwise(text: str) -> bool:
    """Returns whether a reader of YAML 1.2 or 1.1 would not read the text as text if it stood without quotes."""
    if text in CONSTANTS or reading_in_yaml_1_1(text):
        return True
    try:
        return text[0] in NUMERIC and number(text) is not None
    except ValueError:
        return True


def _is_same(value: Any, other: Any) -> bool:
    if type(value) is not type(other):
        return False
    match value:
        case dict():
            return value.keys() == other.keys() and all(_is_same(value[name], other[name]) for name in value)
        case list():
            return len(value) == len(other) and all(map(_is_same, value, other))
        case _:
            return bool(value == other)
