"""The closed set of functions of expressions, over known values. Nothing here reads files or runs anything."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Final

from novita_infra.model.computing.effort import Uncomputable, check_size
from novita_infra.model.computing.signatures import Function, function
from novita_infra.model.computing.types import as_text, exact_number, integer_of, same, type_words
from novita_infra.model.values import Value

MOST_ITEMS: Final = 10_000
"""The most numbers of a range."""
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def _join(separator: str, items: list[Value]) -> str:
    """The items as one text with the separator between them."""
    words = [as_text(item) for item in items]
    check_size(sum(map(len, words)) + len(separator) * len(words))
    return separator.join(words)


def _split(separator: str, text: str) -> list[str]:
    """The parts of a text between the separators."""
    if not separator:
        raise Uncomputable("split wants a separator of at least one character")
    return text.split(separator)


def _replace(text: str, old: str, new: str) -> str:
    """The text with every `old` replaced by `new`."""
    if not old:
        raise Uncomputable("replace wants a text of at least one character to replace")
    check_size(len(text) + text.count(old) * max(len(new) - len(old), 0))
    return text.replace(old, new)


def _contains(container: Value, item: Value) -> bool:
    """Whether the list has the item, or the text has the part."""
    if isinstance(container, str):
        if not isinstance(item, str):
            raise Uncomputable(f"a text contains a text, not {type_words(item)}")
        return item in container
    if isinstance(container, list):
        return any(same(item, other) for other in container)
    raise Uncomputable(f"contains wants a list or a text, not {type_words(container)}", "`key in map` looks for a key")


def _length(value: Value) -> int:
    """The characters of a text, the items of a list, the entries of a map."""
    if isinstance(value, (str, list, dict)):
        return len(value)
    raise Uncomputable(f"length wants a text, a list or a map, not {type_words(value)}")


def _keys(mapping: dict[str, Value]) -> list[str]:
    """The keys of a map, sorted."""
    return sorted(mapping)


def _values(mapping: dict[str, Value]) -> list[Value]:
    """The values of a map in the order of its sorted keys."""
    return [mapping[name] for name in sorted(mapping)]


def _merge(*mappings: dict[str, Value]) -> dict[str, Value]:
    """One map of all entries; a later map wins. Maps inside are not merged."""
    return {name: value for mapping in mappings for name, value in mapping.items()}


def _numbers_of(*bounds: Value) -> list[int]:
    """The whole numbers from 0, or the first bound, to below the last: `range(3)`, `range(1, 4)`, `range(0, 9, 3)`."""
    start, stop, step = 0, 0, 1
    match [integer_of(bound) for bound in bounds]:
        case [stop]:
            pass
        case [start, stop]:
            pass
        case [start, stop, step]:
            pass
    if step == 0:
        raise Uncomputable("range wants a step other than 0")
    if (count := (stop - start + step - (1 if step > 0 else -1)) // step) > MOST_ITEMS:
        raise Uncomputable(f"range gives {count:,} numbers", f"at most {MOST_ITEMS:,}")
    return list(range(start, stop, step))


def _formatted(pattern: str, *items: Value) -> str:
    """The pattern with each `%s`, `%d`, `%f` and `%x` replaced by the next value: `%03d`, `%-8s`, `%.2f`, `%%`."""
    waiting, done = list(items), 0

    def one(match: re.Match[str]) -> str:
        if match[5] is not None:
            raise Uncomputable(f"format does not know {match[0]}", "it knows %s %d %f %x %%, with width and digits")
        if match[4] is None:
            return "%"
        if not waiting:
            raise Uncomputable(f"format has no value for {match[0]}", "give a value for each % in the pattern")
        nonlocal done
        word = _verb(match, waiting.pop(0))
        pad = {"-": word.ljust, "0": word.zfill}.get(match[1], word.rjust)
        word = pad(int(match[2] or 0))
        done = check_size(done + len(word))
        return word

    result = _verbs().sub(one, pattern)
    if waiting:
        raise Uncomputable(
            f"format has {len(waiting)} values more than its pattern takes", "add a % for each, or leave them out"
        )
    return result


def _sha256(text: str) -> str:
    """The SHA-256 of the text in UTF-8, in hex."""
    import hashlib  # noqa: PLC0415 -- few expressions need it

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _base64encode(text: str) -> str:
    """The text in UTF-8, in base64."""
    import base64  # noqa: PLC0415 -- few expressions need it

    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")


def _jsonencode(value: Value) -> str:
    """The value as JSON on one line, with sorted keys."""
    match value:
        case dict():
            return f"{{{','.join(f'{_quoted(name)}:{_jsonencode(value[name])}' for name in sorted(value))}}}"
        case list():
            return f"[{','.join(map(_jsonencode, value))}]"
        case str():
            return _quoted(value)
        case None:
            return "null"
        case _:
            return as_text(value)


def _yamlencode(value: Value) -> str:
    """The value as YAML, one entry or item a line, with sorted keys."""
    return "\n".join(_yaml_lines(value)) + "\n"


def _yaml_lines(value: Value) -> list[str]:
    """Lines of block style. Texts are in double quotes, so that no word is a number or true."""
    if not value or not isinstance(value, (dict, list)):
        return [_jsonencode(value)]
    lines = []
    entries = (
        [(f"{_yaml_key(name)}:", value[name]) for name in sorted(value)]
        if isinstance(value, dict)
        else [("-", item) for item in value]
    )
    for start, item in entries:
        inner = _yaml_lines(item)
        if not item or not isinstance(item, (dict, list)):
            lines.append(f"{start} {inner[0]}")
        elif start == "-":
            lines += [f"- {inner[0]}", *(f"  {line}" for line in inner[1:])]
        else:
            lines += [start, *(f"  {line}" for line in inner)]
    return lines


def _yaml_key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) and name.lower() not in _WORDS else _quoted(name)


_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that some readers of YAML take for something else than a text."""


def _quoted(text: str) -> str:
    import json  # noqa: PLC0415 -- few expressions need it

    return _unsafe().sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


@cache
def _unsafe() -> re.Pattern[str]:
    """Characters that JSON may hold as they are, and YAML may not, or takes for line ends."""
    return re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


@cache
def _verbs() -> re.Pattern[str]:
    """The verbs of `format`. To compile them takes as long as to import the module."""
    return re.compile(r"%(?:%|([-0]?)([0-9]{0,3})(?:\.([0-9]{1,2}))?([sdfx])|(.?))")


def _verb(match: re.Match[str], value: Value) -> str:
    match match[4]:
        case "s":
            word = as_text(value)
            return word if match[3] is None else word[: int(match[3])]
        case "d":
            return str(integer_of(value))
        case "x":
            return format(integer_of(value), "x")
        case _:
            return format(Decimal(exact_number(value)), f".{int(match[3] or 6)}f")


FUNCTIONS: Final[dict[str, Function]] = {
    "base64encode": function(_base64encode, "base64encode(text)", "text"),
    "contains": function(_contains, "contains(list or text, item)", "any", "any"),
    "format": function(_formatted, "format(pattern, value, ...)", "text", "any", least=1, repeats=True),
    "join": function(_join, "join(separator, list)", "text", "list"),
    "jsonencode": function(_jsonencode, "jsonencode(value)", "any"),
    "keys": function(_keys, "keys(map)", "map", whole=True),
    "length": function(_length, "length(text, list or map)", "any", whole=True),
    "lower": function(str.lower, "lower(text)", "text"),
    "merge": function(_merge, "merge(map, ...)", "map", repeats=True, whole=True),
    "range": function(_numbers_of, "range(count) or range(start, end, step)", "any", "any", "any", least=1),
    "replace": function(_replace, "replace(text, old, new)", "text", "text", "text"),
    "sha256": function(_sha256, "sha256(text)", "text"),
    "split": function(_split, "split(separator, text)", "text", "text"),
    "trim": function(str.strip, "trim(text)", "text"),
    "upper": function(str.upper, "upper(text)", "text"),
    "values": function(_values, "values(map)", "map", whole=True),
    "yamlencode": function(_yamlencode, "yamlencode(value)", "any"),
}
"""The functions that expressions call by name, but for those of `LAZY`."""
