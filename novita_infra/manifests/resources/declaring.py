"""Documents that fit their schema become declared resources: references, secrets, lifecycle, what comes from others.

Whatever does not fit together is told with its place; nothing is decided about the cloud here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Field
from novita_infra.manifests.language.expressions import Scope, Unusable
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.resources.conditions import conditions_of, triggers_of
from novita_infra.manifests.resources.drift import ignored_of, on_drift_of
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import (
    Position,
    inside,
    key_origins,
    label_of,
    origin,
    origin_at,
    position_at,
)
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.lifecycle import Lifecycle
from novita_infra.model.resources import Declared
from novita_infra.model.values import Joined, Ref, Secret, Spec, Value, refs

_DURATION: Final = re.compile(r"(?P<amount>[0-9]{1,9})(?P<unit>[smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Declaring:
    """Makes declared resources; what is wrong is added to `told`."""

    scope: Scope
    secrets: Secrets
    told: list[Diagnostic]

    def declare(self, headed: IdentifiedDocument, values: Mapping[str, Value]) -> Declared:
        """The resource of one document, of which `values` has the expressions worked in.

        What does not fit the schema is left alone; it was told before.
        """
        spot = headed.document.spot
        fields = {field.name: field for field in headed.kind.fields}
        places = inside(spot, "spec")
        spec = {
            name: self._field(fields[name], value, inside(places, name))
            for name, value in _mapping(values.get("spec")).items()
            if name in fields
        }
        lifecycle, after = self._lifecycle(
            _mapping(values.get("lifecycle")), inside(spot, "lifecycle"), own=headed.address
        )
        labels = _mapping(_mapping(values["metadata"]).get("labels"))
        self._plain_labels(labels, position_at(spot, ("metadata", "labels")))
        return Declared(
            address=headed.address,
            spec=spec,
            origin=origin(spot),
            needs=_needs(spec, after),
            lifecycle=lifecycle,
            labels=labels,
            places=key_origins(places),
            lifecycle_places=key_origins(inside(spot, "lifecycle")) if "lifecycle" in values else {},
        )

    def _field(self, field: Field, value: Value, spot: Position) -> Value:
        if field.secret:
            return self._secret(value, spot)
        if field.secret_items and isinstance(value, dict):
            value = {name: self._pointed(item, inside(spot, name)) for name, item in value.items()}
        if field.refers:
            return self._referring(value, field, spot, at=field.refers_at)
        return _whole(value)

    # --- secrets --------------------------------------------------------------------------------------------------

    def _pointed(self, value: Value, spot: Position) -> Value:
        """The secret where the value points at one, else the value."""
        if not self.secrets.points(value):
            return value
        found = self.secrets.take(value, origin(spot))
        if isinstance(found, Diagnostic):
            self.told.append(found)
            return Secret("", "missing:")
        return found

    def _secret(self, value: Value, spot: Position, *, user: bool = False) -> Value:
        """The value with every text in it wrapped as a secret; the name of a `user` may stand in clear."""
        if self.secrets.points(value):
            return self._pointed(value, spot)
        match value:
            case dict():
                return {
                    name: self._secret(item, inside(spot, name), user=name == "username")
                    for name, item in value.items()
                }
            case list():
                return [self._secret(item, inside(spot, index)) for index, item in enumerate(value)]
            case str():
                place = origin(spot)
                self.told.extend([] if user else [self.secrets.literal(place)])
                return Secret(value, f"manifest:{place}")
            case _:
                return value

    # --- references -----------------------------------------------------------------------------------------------

    def _referring(self, value: Value, field: Field, spot: Position, *, at: Sequence[str]) -> Value:
        """The value with the names in it, at the places that the field says, turned into references."""
        if not at:
            return self._reference(value, field.refers, spot)
        step, rest = at[0], at[1:]
        if step == "*" and isinstance(value, list):
            return [self._referring(item, field, inside(spot, index), at=rest) for index, item in enumerate(value)]
        if isinstance(value, dict) and step in value:
            return {**value, step: self._referring(value[step], field, inside(spot, step), at=rest)}
        return value

    def _reference(self, value: Value, kind: str, spot: Position) -> Value:
        match value:
            case {"id": wanted}:
                return wanted
            case Ref(address=address) if address.type != kind:
                self._tell(f"{value} is no {kind}", f"a {kind} is wanted here", spot)
            case Ref(attribute=attribute) if attribute != "id":
                self._tell(f"{value} is no id", f"write ${{{value.address}.id}}, or just {value.address.name}", spot)
            case Joined() | Secret():
                hint = f"name a {kind}, or write {{id: ...}} for one that is not managed here"
                self._tell("a reference is a plain name or a single expression", hint, spot)
            case str():
                return self._named(value, kind, spot)
        return value

    def _named(self, name: str, kind: str, spot: Position) -> Value:
        if "${" in name:
            return name  # an expression that has no value, which was told
        try:
            address = Address.parse(f"{kind}.{name}")
            self.scope.find(address)
        except (ValueError, Unusable) as error:
            hint = error.hint if isinstance(error, Unusable) else ""
            if name.startswith(f"{kind}."):
                hint = f'write just "{name.removeprefix(f"{kind}.")}"'
            elif not hint.startswith("did you mean"):
                hint = f"{hint}; an object that is not managed here is named by {{id: ...}}".removeprefix("; ")
            self._tell(f'there is no {kind} "{name}"', hint, spot)
            return name
        return Ref(address)

    # --- lifecycle and labels -------------------------------------------------------------------------------------

    def _lifecycle(
        self, values: Mapping[str, Value], spot: Position, *, own: Address
    ) -> tuple[Lifecycle, tuple[Address, ...]]:
        """What is said beside the spec, and the resources that must be there first because of it."""
        timeouts: dict[str, float] = {}
        for name, text in _mapping(values.get("timeouts")).items():
            timeouts[name] = self._seconds(text, position_at(spot, ("timeouts", name)))
        named = values.get("dependsOn")
        after = [
            self._after(text, position_at(spot, ("dependsOn", index)))
            for index, text in enumerate(named if isinstance(named, list) else ())
        ]
        triggers = triggers_of(
            values.get("replaceTriggeredBy"), inside(spot, "replaceTriggeredBy"), self.scope, own=own, told=self.told
        )
        before, afterwards = (
            conditions_of(values.get(name), inside(spot, name), own=own, itself=itself, told=self.told)
            for name, itself in (("preconditions", False), ("postconditions", True))
        )
        wait = values.get("waitForCapacity")
        lifecycle = Lifecycle(
            protect=values.get("protect") is True,
            timeouts={name: seconds for name, seconds in timeouts.items() if seconds},
            create_first=values.get("createBeforeDestroy") is True,
            group=values["group"] if isinstance(values.get("group"), str) else "",
            capacity_wait=0.0 if wait is None else self._seconds(wait, position_at(spot, ("waitForCapacity",))),
            triggers=triggers,
            preconditions=before,
            postconditions=afterwards,
            on_drift=on_drift_of(values.get("onDrift")),
            ignored=ignored_of(
                values.get("ignoreChanges"), inside(spot, "ignoreChanges"), KINDS[own.type], told=self.told
            ),
        )
        looked_at = [ref.address for item in (*before, *afterwards) for ref in refs(item.value) if ref.address != own]
        needed = [*after, *(trigger.address for trigger in triggers), *looked_at]
        return lifecycle, tuple(item for item in needed if item is not None)

    def _seconds(self, text: Value, spot: Position) -> float:
        """A length of time in seconds; 0 for what is none, which is told."""
        seconds = seconds_of(text) if isinstance(text, str) else None
        if not seconds:
            self._tell(f'"{text}" is no length of time', "it looks like 90s, 30m, 2h or 1d", spot)
        return seconds or 0.0

    def _after(self, text: Value, spot: Position) -> Address | None:
        if isinstance(text, Ref):
            return text.address
        try:
            address = Address.parse(text if isinstance(text, str) else str(text))
            if address.type not in KINDS:
                raise Unusable(f'"{address.type}" is no kind of resource', nearest(address.type, tuple(KINDS)))
            self.scope.find(address)
        except Unusable as error:
            self._tell(error.summary, error.hint, spot)
        except ValueError:
            self._tell(f'"{text}" is no address', "an address looks like network_storage.data", spot)
        else:
            return address
        return None

    def _plain_labels(self, labels: Mapping[str, Value], spot: Position) -> None:
        for name, value in labels.items():
            if not isinstance(value, str):
                self._tell(
                    f'the label "{name}" is not plain text',
                    "labels take no secrets and no references",
                    inside(spot, name),
                )

    def _tell(self, summary: str, hint: str, spot: Position) -> None:
        self.told.append(Diagnostic(summary, hint, origin=origin(spot)))


def completed(
    declared: Mapping[Address, Declared], spots: Mapping[Address, Position]
) -> tuple[dict[Address, Declared], list[Diagnostic]]:
    """The resources with what other resources give them and all that they need, and what their kinds find wrong.

    A resource that needs one which is not among them is left as it is: what it would be given is not known.
    """
    told: list[Diagnostic] = []

    def lookup(kind: str, value: Value) -> Spec | None:
        found = declared.get(value.address) if isinstance(value, Ref) and value.address.type == kind else None
        return found.spec if found else None

    result = dict(declared)
    for address, item in declared.items():
        if all(needed in declared for needed in item.needs):
            kind = KINDS[address.type]
            spec = kind.resolution.inherit(item.spec, lookup) if kind.resolution.inherit else item.spec
            for fault in kind.resolution.check(spec) if kind.resolution.check else ():
                place = origin_at(spots[address], ("spec", *fault.path))
                told.append(Diagnostic(f"{label_of(fault.path)}: {fault.summary}", fault.hint, origin=place))
            if spec is not item.spec:
                result[address] = replace(item, spec=spec, needs=_needs(spec, item.needs))
    return result, told


def seconds_of(text: str) -> float | None:
    """The seconds of a length of time such as `90s`, `30m`, `2h` or `1d`; None where it is none."""
    match = _DURATION.fullmatch(text)
    return float(int(match["amount"]) * _SECONDS[match["unit"]]) if match else None


def _whole(value: Any) -> Any:
    """`2.0` as 2: the schema takes it where a whole number is wanted, the API may not."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: _whole(item) for name, item in value.items()}
        case list():
            return [_whole(item) for item in value]
        case _:
            return value


def _needs(spec: Spec, after: Iterable[Address]) -> tuple[Address, ...]:
    return tuple(sorted({ref.address for ref in refs(dict(spec))}.union(after)))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
