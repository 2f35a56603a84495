"""The draft of a manifest for a live object: what it declares, and what it leaves as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any, Final

from novita_infra.kinds.kind import NAME, Kind
from novita_infra.manifests.validation.documents import API_VERSION
from novita_infra.manifests.yaml.emitting import NotReadBack, emit_yaml
from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Cause, OnDrift
from novita_infra.model.values import Spec, Value

SCHEMA: Final = ".novita-infra/schemas/manifest.json"
"""The path at which `init` puts the manifest schema for editors."""
UNKNOWN: Final = "unknown"
"""The text in the place of one that is not known."""
_SHORT_NAME: Final = 30
"""Characters of a name that every kind takes."""


class Unwritable(ValueError):
    """Raised where a manifest cannot leave something out."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A manifest that is not written yet. Its spec holds values as a manifest spells them."""

    kind: Kind
    address: Address
    spec: Spec
    shown: Spec = field(default_factory=dict)
    """The live values as a manifest spells them, without secrets: what a substitute is made from."""
    ignored: Mapping[str, str] = field(default_factory=dict)
    """By path in `lifecycle.ignoreChanges`, the reason."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """By field that the manifest does not declare, the reason. It is not compared, so it needs no rule."""
    tolerated: frozenset[Cause] = frozenset()
    """The causes of drift that are reported and not healed."""
    substitutes: Mapping[str, int] = field(default_factory=dict)
    """By field that a manifest must declare, how many substitutes for its value were tried."""

    def ignoring(self, path: str, reason: str) -> Draft:
        """Returns the draft in which nothing at the path is compared. Raises Unwritable if that is so already."""
        if path in self.ignored:
            raise Unwritable(reason)
        return replace(self, ignored={**self.ignored, path: reason})

    def tolerating(self, causes: frozenset[Cause]) -> Draft:
        """Returns the draft that only reports drift of these causes."""
        return replace(self, tolerated=self.tolerated | causes)

    def without(self, name: str, *, key: str = "", reason: str) -> Draft:
        """Returns the draft that leaves a field, or one item of a map such as `env`, as it is.

        A manifest that must declare the field gets a substitute, which is not compared. Raises Unwritable if none is
        left.
        """
        if name not in self.kind.by_name:
            raise Unwritable(reason)
        value = self.spec.get(name)
        if key and isinstance(value, dict) and key in value and _is_emitted(f"{name}.{key}"):
            rest = {other: item for other, item in value.items() if other != key}
            draft = self if f"{name}.{key}" in self.ignored else self.ignoring(f"{name}.{key}", reason)
            return replace(draft, spec=_with(self.spec, name, rest or None))
        must = self.kind.field(name).required or name in (*self.left_out, *self.substitutes, NAME)
        if must:
            return self._with_substitute(name, reason)
        inside = f"{name}."
        ignored = {path: why for path, why in self.ignored.items() if not path.startswith(inside)}
        return replace(
            self, spec=_with(self.spec, name, None), ignored=ignored, left_out={**self.left_out, name: reason}
        )

    def pointing(self, name: str, reason: str) -> Draft:
        """Returns the draft that takes a secret from the environment and does not compare it.

        The name of the variable is that of the resource: no two objects share one.
        """
        variable = re.sub(r"[^A-Z0-9]", "_", f"{self.address.type}_{self.address.name}_{name}".upper())
        return replace(self.ignoring(name, reason), spec=_with(self.spec, name, {"fromEnv": variable}))

    def unemittable(self) -> tuple[str, str] | None:
        """Returns a field, and the key inside it if it is a map, that YAML cannot hold; None if there is none."""
        for name, value in self.spec.items():
            items = value.items() if isinstance(value, dict) and self.kind.field(name).secret_items else [("", value)]
            for key, item in items:
                if not _is_emitted({key: item}):
                    return name, key
        return None

    def text(self, *, schema: bool, for_each: Value = None, environment: str = "") -> str:
        """Returns the manifest. With `schema`, the first line points editors at the project's own schema.

        `for_each` makes one resource for each of its keys; the resource exists only in the `environment`, if one is
        given. Raises NotReadBack.
        """
        rules = [{"field": _escaped(path), "reason": reason} for path, reason in self.ignored.items()]
        causes = {cause.value: OnDrift.ALERT.value for cause in Cause if cause in self.tolerated}
        lifecycle = {**({"onDrift": causes} if causes else {}), **({"ignoreChanges": rules} if rules else {})}
        spec = dict(self.spec)
        if spec.get(NAME) == self.address.name:
            del spec[NAME]
        document = {
            "apiVersion": API_VERSION,
            "kind": self.kind.name,
            "metadata": {"name": self.address.name},
            **({"forEach": for_each} if for_each else {}),
            **({"environments": [environment]} if environment else {}),
            **({"lifecycle": lifecycle} if lifecycle else {}),
            "spec": spec,
        }
        head = [f"# yaml-language-server: $schema={SCHEMA}"] if schema else []
        head += [f"# Not declared here, and left as it is: {', '.join(self.left_out)}"] if self.left_out else []
        return "".join(f"{line}\n" for line in head) + emit_yaml(document)

    def _with_substitute(self, name: str, reason: str) -> Draft:
        """Returns the draft with the next substitute for the value of a field: one that any manifest may declare."""
        tried = self.substitutes.get(name, 0)
        substitutes = list(_substitutes(self, name))
        if tried >= len(substitutes):
            raise Unwritable(reason)
        return replace(
            self,
            spec=_with(self.spec, name, substitutes[tried]),
            ignored={**self.ignored, name: self.left_out.get(name, self.ignored.get(name, reason))},
            left_out={other: why for other, why in self.left_out.items() if other != name},
            substitutes={**self.substitutes, name: tried + 1},
        )


def escaped(value: Value) -> Value:
    """Returns the value with `${` escaped, so that no expression is read from it."""
    match value:
        case str():
            return _escaped(value)
        case dict():
            return {name: escaped(item) for name, item in value.items()}
        case list():
            return [escaped(item) for item in value]
        case _:
            return value


def _escaped(text: str) -> str:
    return text.replace("${", "$${")


def _with(spec: Spec, name: str, value: Value) -> Spec:
    rest = {other: item for other, item in spec.items() if other != name}
    return rest if value is None else {**rest, name: value}


def _substitutes(draft: Draft, name: str) -> Iterator[Value]:
    """Yields values for a field that a manifest must declare: as near to the live one as it may be, then an example.

    `unknown` in the place of an image fails where it is used; another image would be taken for the right one.
    """
    item, value = draft.kind.field(name), draft.shown.get(name)
    if name == NAME:
        yield draft.address.name[:_SHORT_NAME]
        return
    (document,) = read_text(draft.kind.example, "").documents
    example = document.data["spec"].get(name)
    match value, example:
        case bool(), _:
            pass
        case int(), _:
            yield min(max(value, item.schema.get("minimum", value)), item.schema.get("maximum", value))
        case str(), _:
            yield value[: item.schema.get("maxLength", len(value))]
        case dict(), dict():
            yield {**example, **value}
        case _:
            pass
    if isinstance(example, str):
        yield UNKNOWN
    if example is not None:
        yield example


def _is_emitted(value: Any) -> bool:
    try:
        emit_yaml({"value": value})
    except NotReadBack:
        return False
    return True
