"""`${...}` in strings: variables, the environment, and attributes of other resources.

Turns text into values and reports what is wrong with it. Callers know the place of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from novita_infra.manifests.language.secrets import is_text
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.secret_names import is_secret_name
from novita_infra.model.values import Joined, Ref, Secret, Value

OPENING: Final = "${"

_TOKEN: Final = re.compile(r"\$\$\{|\$\{(?P<body>[^}]*)(?P<closed>\})?")
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_SIMPLE: Final = re.compile(rf"\s*(?P<space>var|env)\.(?P<name>{_NAME})\s*")
_RESOURCE: Final = re.compile(
    r'\s*(?P<kind>[A-Za-z_]+)\.(?P<name>[A-Za-z_][A-Za-z0-9_-]*)(?:\["(?P<key>[^"\]]+)"\])?'
    r"(?:\.(?P<attribute>[A-Za-z_][A-Za-z0-9_.\[\]]*))?\s*"
)
LEAST_OF_ENVIRONMENT: Final = 8
"""Characters below which a value of the environment is no secret: `KEYTIMEOUT=1` would hide every figure."""


@dataclass(frozen=True, slots=True)
class ExpressionError:
    """An error in one expression. `nth` counts equal texts inside the string, from 0."""

    expression: str
    nth: int
    summary: str
    hint: str = ""


class Unusable(Exception):
    """Raised for an expression without a value. The message gives the reason, `hint` what to do."""

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that expressions may use."""

    variables: Mapping[str, Value] | None
    """The variables by name. A value is None if it is not usable; that is already reported."""
    environ: Mapping[str, str]
    attributes: Mapping[str, tuple[str, ...]]
    """The attributes of each kind, by its prefix."""
    find: Callable[[Address], None]
    """Raises Unusable where the address is not declared."""
    narrow: bool = False
    """Only `${env.NAME}` is allowed, because the values of variables are computed with this scope."""


def evaluate(text: str, scope: Scope, *, secret: bool = False) -> tuple[Value, tuple[ExpressionError, ...]]:
    """Returns the value of a string (plain, Secret, Ref, or Joined of text, Refs and Secrets) and the errors.

    A string that is one expression keeps the type of its value. With `secret`, the value of each expression is wrapped
    as a Secret that remembers its source. If there are errors, the value is the string itself.
    """
    parts: list[Value] = []
    errors: list[ExpressionError] = []
    seen: dict[str, int] = {}
    for part in _split(text):
        if isinstance(part, str):
            parts.append(part)
            continue
        written = part[0]
        nth = seen[written] = seen.get(written, -1) + 1
        try:
            parts.append(_value(part, scope, secret))
        except Unusable as error:
            errors.append(ExpressionError(written, nth, error.summary, error.hint))
    if errors or any(part is None for part in parts):
        return text, tuple(errors)
    if len(parts) == 1:
        return parts[0], ()
    return _joined(parts, text)


def secrets_of_environment(environ: Mapping[str, str]) -> list[str]:
    """Returns the values of the variables with secret names: a command or an image may have got one by itself."""
    return [text for name, text in environ.items() if is_secret_name(name) and len(text) >= LEAST_OF_ENVIRONMENT]


def _split(text: str) -> Iterator[str | re.Match[str]]:
    """Splits a string into its non-empty literal parts and the matches of its expressions."""
    position, literal = 0, ""
    for match in _TOKEN.finditer(text):
        literal += text[position : match.start()]
        position = match.end()
        if match[0] == "$${":
            literal += OPENING
            continue
        if literal:
            yield literal
        literal = ""
        yield match
    literal += text[position:]
    if literal:
        yield literal


def _value(match: re.Match[str], scope: Scope, secret: bool) -> Value:
    body = match["body"]
    if match["closed"] is None:
        raise Unusable("the expression is not closed", 'add the missing "}", or write $${ for a literal ${')
    simple = _SIMPLE.fullmatch(body)
    if scope.narrow and not (simple and simple["space"] == "env"):
        hint = f"the value of a variable may hold ${{env.NAME}}; write ${match[0]} for the plain text"
        raise Unusable(f"{match[0]} cannot be used here", hint)
    if simple is not None:
        value = (_variable if simple["space"] == "var" else _environment)(simple["name"], scope)
        if not secret or isinstance(value, Secret) or value is None:
            return value
        return Secret(_as_text(value), f"{simple['space']}:{simple['name']}")
    resource = _RESOURCE.fullmatch(body)
    if resource is None:
        hint = (
            f"one looks like ${{var.x}}, ${{env.X}} or ${{instance.trainer.id}}; write ${match[0]} for the plain text"
        )
        raise Unusable(f"{match[0]} is not an expression", hint)
    return _reference(resource, match[0], scope)


def _variable(name: str, scope: Scope) -> Value:
    if scope.variables is None:
        return None
    if name not in scope.variables:
        known = nearest(name, tuple(scope.variables)) or "declare it under variables: in novita-infra.yaml"
        raise Unusable(f'there is no variable "{name}"', known)
    return scope.variables[name]


def _environment(name: str, scope: Scope) -> Value:
    value = scope.environ.get(name)
    if value is None:
        raise Unusable(f"the environment variable {name} is not set", f"set it: export {name}=...")
    if not is_text(value):
        raise Unusable(f"the environment variable {name} is not UTF-8 text")
    return Secret(value, f"env:{name}") if is_secret_name(name) else value


def _reference(match: re.Match[str], written: str, scope: Scope) -> Ref:
    kind, name, attribute = match["kind"], match["name"], match["attribute"]
    if kind in ("var", "env"):
        raise Unusable(
            f"{written} is not an expression", f"${{{kind}.name}} takes a single name of letters, digits and _"
        )
    if kind not in scope.attributes:
        known = nearest(kind, ("var", "env", *scope.attributes))
        raise Unusable(f'"{kind}" in {written} is no kind of resource', known)
    address = Address(kind, name, match["key"] or "")
    scope.find(address)
    attributes = scope.attributes[kind]
    if attribute is None:
        raise Unusable(f"{written} names no attribute", f"write ${{{address}.id}}; attributes: {', '.join(attributes)}")
    if attribute not in attributes:
        raise Unusable(f'{kind} has no attribute "{attribute}"', nearest(attribute, attributes))
    return Ref(address, attribute)


def _joined(parts: list[Value], text: str) -> tuple[Value, tuple[ExpressionError, ...]]:
    for part in parts:
        if isinstance(part, (dict, list)):
            shape = "a list" if isinstance(part, list) else "a map"
            return text, (
                ExpressionError("", 0, f"{shape} cannot stand inside a text", "let the expression be the whole value"),
            )
    if not any(isinstance(part, (Ref, Secret)) for part in parts):
        return "".join(map(_as_text, parts)), ()
    return Joined(tuple(part if isinstance(part, (Ref, Secret)) else _as_text(part) for part in parts)), ()


def _as_text(value: Value) -> str:
    """Returns a value as text, in YAML's spelling."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
