"""Turns valid documents into declared resources: references, secrets, lifecycle, inherited fields.

Contradictions are reported with their places. Nothing is decided about the cloud.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Field
from novita_infra.manifests.language.reading import MODULE
from novita_infra.manifests.language.scope import Reported, Scope
from novita_infra.manifests.language.secrets import Secrets, is_lacking, lacking_secret
from novita_infra.manifests.resources.lifecycle.checks import check_of
from novita_infra.manifests.resources.lifecycle.conditions import conditions_of, instances_of, triggers_of
from novita_infra.manifests.resources.lifecycle.drift import ignored_of, on_drift_of
from novita_infra.manifests.resources.lifecycle.hooks import hooks_of
from novita_infra.manifests.resources.lifecycle.rollouts import rollout_of
from novita_infra.manifests.resources.likely_secrets import is_secret_in_clear
from novita_infra.manifests.resources.names import Undeclared
from novita_infra.manifests.validation.completing import sorted_needs
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.validation.messages import json_type_in_words
from novita_infra.manifests.yaml.positions import (
    Path,
    Position,
    inside,
    key_origins,
    label_of,
    origin,
    position_at,
)
from novita_infra.manifests.yaml.scalars import LARGEST
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Address
from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.durations import parse_duration
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import OF_RESOURCE, Lifecycle
from novita_infra.model.resources import Declared
from novita_infra.model.values import Computation, Ref, Secret, Value, is_secret, refs


@dataclass(frozen=True, slots=True)
class Declaring:
    """Makes declared resources. Errors are added to `diagnostics`."""

    scope: Scope
    secrets: Secrets
    diagnostics: list[Diagnostic]
    sources: Sources = field(default_factory=Sources)
    """The texts of the files, which say what a message may quote."""

    def declare(
        self, identified: IdentifiedDocument, values: Mapping[str, Value], needs: Iterable[Address] = ()
    ) -> Declared:
        """Returns the resource of one document; `values` is its data after evaluation.

        `needs` are the resources that its expressions name. Values that do not fit the schema are skipped; they are
        already reported.
        """
        position = identified.document.position
        fields = identified.kind.by_name
        places = inside(position, "spec")
        spec = {
            name: self.field(fields[name], value, inside(places, name))
            for name, value in _mapping(values.get("spec")).items()
            if name in fields
        }
        lifecycle, after = self._lifecycle(
            _mapping(values.get("lifecycle")), inside(position, "lifecycle"), own=identified.address
        )
        labels = _mapping(_mapping(values["metadata"]).get("labels"))
        self._plain_labels(labels, position_at(position, ("metadata", "labels")))
        return Declared(
            address=identified.address,
            spec=spec,
            origin=origin(position),
            needs=sorted_needs(spec, [*after, *(address for address in needs if address != identified.address)]),
            lifecycle=lifecycle,
            check=check_of(
                values.get("check"), inside(position, "check"), secret=self._secret, diagnostics=self.diagnostics
            ),
            labels=labels,
            places=key_origins(places),
            lifecycle_places=key_origins(inside(position, "lifecycle")) if "lifecycle" in values else {},
        )

    def field(self, field: Field, value: Value, position: Position) -> Value:
        """Returns the value of a field with its references and secrets."""
        if field.secret:
            return self._secret(value, position, public=field.public_properties)
        if isinstance(value, str) and not field.refers:
            return value
        if is_secret(value):
            self._check_texts(field, value, position, ())
        if field.secret_items and isinstance(value, dict):
            in_clear = [name for name, item in value.items() if is_secret_in_clear(name, item)]
            self.diagnostics.extend(self.secrets.literal(origin(inside(position, name))) for name in in_clear)
            value = {name: self._pointed(item, inside(position, name)) for name, item in value.items()}
        if field.refers:
            return self._referring(value, field, position, at=field.refers_at)
        return self._whole(value, position)

    def _whole(self, value: Any, position: Position) -> Any:
        """Turns `2.0` into 2: the schema accepts it as a whole number, the API may not."""
        if isinstance(value, str):
            return value
        match value:
            case float() if value.is_integer() and abs(value) >= LARGEST:
                self._tell(f"{value:g} is a whole number of more than 64 bits", "write a smaller one", position)
                return value
            case float() if value.is_integer():
                return int(value)
            case dict():
                return {name: self._whole(item, inside(position, name)) for name, item in value.items()}
            case list():
                return [self._whole(item, inside(position, index)) for index, item in enumerate(value)]
            case _:
                return value

    # --- secrets --------------------------------------------------------------------------------------------------

    def _pointed(self, value: Value, position: Position) -> Value:
        """Returns the secret if the value points at one, else the value."""
        if not self.secrets.points(value):
            return value
        found = self.secrets.take(value, origin(position), judged=True)
        if isinstance(found, Diagnostic):
            self.diagnostics.append(found)
            return lacking_secret()
        return found

    def _secret(
        self, value: Value, position: Position, *, public: Collection[str] = (), in_clear: bool = False
    ) -> Value:
        """Returns the value with every text in it wrapped as a secret; each is reported unless it may stand `in_clear`.

        `public` are the properties that may.
        """
        if self.secrets.points(value):
            return self._pointed(value, position)
        match value:
            case dict():
                return {
                    name: self._secret(item, inside(position, name), in_clear=name in public)
                    for name, item in value.items()
                }
            case list():
                return [self._secret(item, inside(position, index)) for index, item in enumerate(value)]
            case str():
                place = origin(position)
                self.diagnostics.extend([] if in_clear else [self.secrets.literal(place)])
                return Secret(value, f"manifest:{place}")
            case _:
                return value

    def _check_texts(self, field: Field, value: Value, position: Position, path: Path) -> None:
        """Reports each secret that stands where a text cannot: a secret is a text."""
        match value:
            case Secret():
                wanted = field.type_at(path)
                if wanted not in ("", "string") and not is_lacking(value):
                    summary = (
                        f"{label_of((field.name, *path))} wants {json_type_in_words(wanted)}, and a secret is a text"
                    )
                    self._tell(summary, "use a value that is not secret", position)
            case dict():
                for name, item in value.items():
                    self._check_texts(field, item, inside(position, name), (*path, name))
            case list():
                for index, item in enumerate(value):
                    self._check_texts(field, item, inside(position, index), (*path, index))
            case _:
                pass

    # --- references -----------------------------------------------------------------------------------------------

    def _referring(self, value: Value, field: Field, position: Position, *, at: Sequence[str]) -> Value:
        """Returns the value with the names at the field's reference paths turned into references."""
        if not at:
            return self._reference(value, field.refers, position)
        step, rest = at[0], at[1:]
        if step == "*" and isinstance(value, list):
            return [self._referring(item, field, inside(position, index), at=rest) for index, item in enumerate(value)]
        if isinstance(value, dict) and step in value:
            return {**value, step: self._referring(value[step], field, inside(position, step), at=rest)}
        return value

    def _reference(self, value: Value, kind: str, position: Position) -> Value:
        match value:
            case {"id": wanted}:
                return wanted
            case Ref(address=address) if address.type != kind:
                self._tell(f"{value} is no {kind}", f"a {kind} is wanted here", position)
            case Ref(attribute=attribute) if attribute != "id":
                self._tell(
                    f"{value} is no id", f"write ${{{value.address}.id}}, or just {value.address.name}", position
                )
            case Computation() | Secret():
                hint = f"name a {kind}, or write {{id: ...}} for one that is not managed here"
                self._tell("a reference is a plain name or a single expression", hint, position)
            case str():
                return self._named(value, kind, position)
        return value

    def _named(self, name: str, kind: str, position: Position) -> Value:
        if "${" in name:
            return name  # an expression without a value is already reported
        try:
            address = self.scope.at(position[0]).absolute(Address.parse(f"{kind}.{name}"))
            self.scope.resources.find(address)
        except (ValueError, Uncomputable) as error:
            hint = error.hint if isinstance(error, Uncomputable) else ""
            if isinstance(error, Uncomputable) and not isinstance(error, Undeclared):
                self._tell(error.summary, hint, position)
                return name
            if self.sources.quotable(name, origin(position)) is None:
                self._tell(f"there is no such {kind}", f"name a {kind}, or write {{id: ...}}", position)
                return name
            if name.startswith(f"{kind}."):
                hint = f'write just "{name.removeprefix(f"{kind}.")}"'
            elif not hint.startswith("did you mean"):
                hint = f"{hint}; an object that is not managed here is named by {{id: ...}}".removeprefix("; ")
            self._tell(f'there is no {kind} "{name}"', hint, position)
            return name
        return Ref(address)

    # --- lifecycle and labels -------------------------------------------------------------------------------------

    def _lifecycle(
        self, values: Mapping[str, Value], position: Position, *, own: Address
    ) -> tuple[Lifecycle, tuple[Address, ...]]:
        """Returns the lifecycle, and the resources that must exist first because of it."""
        if not values:
            return Lifecycle(), ()
        timeouts: dict[str, float] = {}
        for name, text in _mapping(values.get("timeouts")).items():
            timeouts[name] = self._seconds(text, position_at(position, ("timeouts", name)))
        named = values.get("dependsOn")
        after = [
            address
            for index, text in enumerate(named if isinstance(named, list) else ())
            for address in self._after(text, position_at(position, ("dependsOn", index)))
        ]
        triggers = triggers_of(
            values.get("replaceTriggeredBy"),
            inside(position, "replaceTriggeredBy"),
            self.scope.at(inside(position, "replaceTriggeredBy")[0]),
            own=own,
            diagnostics=self.diagnostics,
        )
        before, afterwards = (
            conditions_of(
                values.get(name), inside(position, name), own=own, itself=itself, diagnostics=self.diagnostics
            )
            for name, itself in (("preconditions", False), ("postconditions", True))
        )
        wait = values.get("waitForCapacity")
        lifecycle = Lifecycle(
            protect=values.get("protect") is True,
            timeouts={name: seconds for name, seconds in timeouts.items() if seconds},
            create_first=values.get("createBeforeDestroy") is True,
            group=values["group"] if isinstance(values.get("group"), str) else "",
            capacity_wait=0.0 if wait is None else self._seconds(wait, position_at(position, ("waitForCapacity",))),
            triggers=triggers,
            preconditions=before,
            postconditions=afterwards,
            on_drift=on_drift_of(values.get("onDrift")),
            ignored=ignored_of(
                values.get("ignoreChanges"),
                inside(position, "ignoreChanges"),
                KINDS[own.type],
                diagnostics=self.diagnostics,
            ),
            rollout=rollout_of(values.get("rollout"), inside(position, "rollout"), seconds=self._seconds),
            hooks=hooks_of(
                values.get("hooks"),
                inside(position, "hooks"),
                OF_RESOURCE,
                seconds=self._seconds,
                diagnostics=self.diagnostics,
            ),
        )
        looked_at = [ref.address for item in (*before, *afterwards) for ref in refs(item.value) if ref.address != own]
        return lifecycle, (*after, *(trigger.address for trigger in triggers), *looked_at)

    def _seconds(self, text: Value, position: Position) -> float:
        """Returns a duration in seconds. An invalid one is reported and becomes 0."""
        try:
            seconds = parse_duration(str(text))
        except ValueError:
            seconds = 0.0
        if not seconds:
            self._tell(f'"{text}" is no length of time', "it looks like 90s, 30m, 2h or 1d", position)
        return seconds

    def _after(self, text: Value, position: Position) -> tuple[Address, ...]:
        """Returns the resources that an item of `dependsOn` names: all keys without one, and all in a module."""
        if isinstance(text, Ref):
            return (text.address,)
        try:
            scope = self.scope.at(position[0])
            address = scope.absolute(Address.parse(text if isinstance(text, str) else str(text)))
            return tuple(scope.resources.inside(address)) if address.type == MODULE else instances_of(address, scope)
        except Uncomputable as error:
            self._tell(error.summary, error.hint, position)
        except ValueError:
            self._tell(f'"{text}" is no address', "an address looks like network_storage.data", position)
        except Reported:
            pass
        return ()

    def _plain_labels(self, labels: Mapping[str, Value], position: Position) -> None:
        for name, value in labels.items():
            if not isinstance(value, str):
                self._tell(
                    f'the label "{name}" is not plain text',
                    "labels take no secrets and no references",
                    inside(position, name),
                )

    def _tell(self, summary: str, hint: str, position: Position) -> None:
        self.diagnostics.append(Diagnostic(summary, hint, origin=origin(position)))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
