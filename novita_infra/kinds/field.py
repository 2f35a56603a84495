"""The fields of a spec, and the change rules that say what a difference in a field means. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value

# --- what a difference in a field means -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class By:
    """The named call changes the object in place."""

    call: str


@dataclass(frozen=True, slots=True)
class Replaces:
    """The object must be replaced; `why` is the reason."""

    why: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The change is impossible; `why` is the reason and what to do instead."""

    why: str


@dataclass(frozen=True, slots=True)
class Grows:
    """A number that the named call can only increase in place."""

    call: str
    shrinking: Replaces | Refusal


@dataclass(frozen=True, slots=True)
class Cases:
    """A choice with a rule of its own for each transition."""

    cases: Mapping[tuple[Value, Value], By | Replaces | Refusal]
    otherwise: By | Replaces | Refusal


@dataclass(frozen=True, slots=True)
class Local:
    """A field that only manifests have: it fills other fields (a template) or shapes calls; it is never compared."""


ChangeRule: TypeAlias = By | Replaces | Refusal | Grows | Cases | Local


# --- what absence of a field means ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Platform:
    """The service chooses. An undeclared field is never compared, and never reset after it was declared."""


@dataclass(frozen=True, slots=True)
class Default:
    """The value to which a field returns when it is no longer declared. It is compared only then."""

    value: Value
    watched: bool = False
    """Whether another live value is reported even where nothing declares the field; it is not changed."""


# --- where the API has a field ----------------------------------------------------------------------------------


class Key(NamedTuple):
    """A key of a request's body or of an answer, and the form of the value: to the API's, or from it."""

    name: str
    form: Callable[[Any], Value]
    """In a body: from the declared value, or from None where there is none. In an answer: from any JSON; it never
    raises, and returns None for a value that the answer does not hold."""


# --- where a field may hold secrets -----------------------------------------------------------------------------


class Secrecy(Enum):
    """Where the values of a field may hold secrets."""

    PUBLIC = "public"
    """A secret stands there only as an expression or a pointer to one."""
    VALUE = "value"
    """The whole value is secret wherever it comes from (a password)."""
    ITEMS = "items"
    """A map in which each item may be secret (an env)."""
    TEXT = "text"
    """A text of the user's own, such as a command, which may hold a secret that nothing marks. It is shown in plans;
    messages about mistakes in a manifest do not quote it."""


# --- how two values are compared ---------------------------------------------------------------------------------


class Comparison(Enum):
    """How a declared and a live value are compared."""

    EXACT = "exact"
    AS_SET = "as a set"
    """A list whose order does not count."""
    TRIMMED = "trimmed"
    """A text that the service may store without the blanks and line ends around it. No page says whether it does."""


# --- fields -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a spec, with all that the planner needs to know of it."""

    name: str
    schema: Mapping[str, Any]
    """JSON Schema of the value in a manifest; the `${...}` alternative is added when the schemas are generated. In the
    value of a secret field, a property without `writeOnly` beside one that has it may stand in clear: a user's name."""
    doc: str
    """One line for a person."""
    other_names: tuple[str, ...] = ()
    """What other tools call it, in lower case and without `_` and `-`: for the hint about an unknown field."""
    api: str
    """Where the API has it, with the page or file that says so: `imageUrl (gpu-instance-create-instance)`."""
    keys: Mapping[str, Key] = field(default_factory=dict)
    """By call, the key of its body; by `read`, the key of answers. The kind's calls and parser add only what is not one
    key for one field."""
    change: ChangeRule
    absent: Platform | Default = Platform()
    required: bool = False
    created: bool = True
    """Whether the create call carries it. If not, its own call follows the create when it differs from the default."""
    compared: Comparison | Callable[[Value, Value], bool] = Comparison.EXACT
    """How a declared and a live value are compared: a function says whether the second (live) value satisfies the first
    (declared) one, where equality would be too strict."""
    refers: str = ""
    """The type of the resource that the value points at, such as `registry_auth`."""
    refers_at: tuple[str, ...] = ()
    """Path of the reference inside the value: () for the value itself, ("*", "storage") for that key of each item."""
    entry_key: str = ""
    """Of a list of mappings: the key that tells its entries apart, such as `mountPath`; `port` for texts such as
    `8888/http`. A patch finds by it the entry that it changes; without one it replaces the whole list."""
    secrecy: Secrecy = Secrecy.PUBLIC
    """Where a value of it may hold secrets."""

    def is_text(self, path: Sequence[str | int]) -> bool:
        """Whether the value at a path inside of it is a text, and neither a number nor the name of a resource."""
        return not self.refers and self.type_at(path) == "string"

    def type_at(self, path: Sequence[str | int]) -> str:
        """The JSON type of the value at a path inside of it; empty where there are several."""
        schema: Any = self.schema
        for part in path:
            inner = schema.get("properties", {}).get(part) or schema.get("items") or schema.get("additionalProperties")
            schema = inner if isinstance(inner, Mapping) else {}
        found = schema.get("type")
        return found if isinstance(found, str) else ""

    @property
    def public_properties(self) -> frozenset[str]:
        """The properties of its value that may stand in clear, where the value is secret."""
        properties = self.schema.get("properties", {})
        hidden = {name for name, part in properties.items() if part.get("writeOnly")}
        return frozenset(properties.keys() - hidden if hidden else ())

    @property
    def secret(self) -> bool:
        """Whether the whole value is secret."""
        return self.secrecy is Secrecy.VALUE

    @property
    def secret_items(self) -> bool:
        """Whether it is a map in which each item may be secret."""
        return self.secrecy is Secrecy.ITEMS
