"""A case: one resource as planning sees it, declared, recorded and live. Pure."""

from __future__ import annotations

from dataclasses import field, replace

from novita_infra.kinds.field import Default, Field, Local
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.machine import Due
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared, Existing, Live, WrittenFile
from novita_infra.model.values import Spec, Value
from novita_infra.planning.changes.equality import agree, masked, written


@dataclass(frozen=True, slots=True)
class Case:
    """One resource: what is declared, what is recorded and live, and what a new object would have."""

    kind: Kind
    declared: Declared | None
    """None where the manifests do not declare it, or the plan destroys."""
    existing: Existing
    spec: Spec
    """The declared spec with references and names resolved as far as they are known; empty where none is declared."""
    key: str
    """The hex key of the state: digests under it stand for secrets."""
    due: Due | None = None
    """What the rules of time of the declared spec ask for; the spec has the fields that they decide."""
    file: WrittenFile | None = None
    """The file on the disk that a job writes."""
    recorded_spec: Spec = field(init=False, repr=False, compare=False)
    """See `recorded_spec`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "recorded_spec", recorded_spec(self.kind, self.existing))

    @property
    def record(self) -> Record | None:
        """The record; None where there is none."""
        return self.existing.record

    @property
    def live(self) -> Live | None:
        """The live object; None where it is gone or was never made."""
        return self.existing.live

    def with_existing(self, existing: Existing) -> Case:
        """The same resource with another record or live object."""
        return replace(self, existing=existing)

    def agree(self, item: Field, *, wanted: Value, found: Value) -> bool:
        """Whether a value that was found (live or recorded) is the wanted one."""
        return agree(item, wanted=wanted, found=found, key=self.key)

    def masked(self, item: Field, value: Value, *, recorded: Value, wanted: Value) -> Value:
        """A live value fit for the plan, secrets as Digests."""
        return masked(value, recorded=recorded, wanted=wanted, field=item, key=self.key)

    def written(self, spec: Spec) -> Spec:
        """A spec as the state holds it: secrets as Digests, unknown values left out."""
        return written(spec, self.key)

    def differences(self, spec: Spec | None = None) -> list[tuple[Field, Value, Value]]:
        """The fields in which the live object differs from a spec, each with its value before and after.

        The spec is that of the case where none is given. A field that is not declared counts only where it was declared
        before and the kind gives it a default. It was declared before where it is recorded, or where a call sent it
        whose end is not known.
        """
        spec = self.spec if spec is None else spec
        pending = self.record.pending if self.record and self.record.id else None
        sent = pending.sent if pending else {}
        values = self.live.values if self.live else {}
        differences = []
        for item in self.kind.fields:
            if isinstance(item.change, Local):
                continue
            before = values[item.name] if item.name in values else self.recorded_spec.get(item.name)
            if self.file is not None and self.file.again and item.name == self.file.field:
                before = None
            after = spec.get(item.name)
            if after is None:
                declared_before = item.name in self.recorded_spec or item.name in sent
                if not declared_before or not isinstance(item.absent, Default):
                    continue
                after = item.absent.value
            if not self.agree(item, wanted=after, found=before):
                differences.append((item, before, after))
        return differences


def recorded_spec(kind: Kind, existing: Existing) -> Spec:
    """The spec that was last sent. That of an unanswered call counts where the object shows that it took effect."""
    record, live = existing.record, existing.live
    if record is None:
        return {}
    if record.pending is None or live is None or not kind.took_effect(record, live):
        return record.spec
    return {**record.spec, **record.pending.sent}
