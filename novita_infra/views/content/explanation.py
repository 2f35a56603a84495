"""Kinds, fields and parts of manifests, as results of `explain`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from novita_infra.schema.explain_frame import PartExplained
from novita_infra.schema.explain_kinds import FieldExplained, KindExplained


@dataclass(frozen=True, slots=True)
class KindsContent:
    """The kinds of resources."""

    name: ClassVar[str] = "kinds"

    kinds: tuple[KindExplained, ...]


@dataclass(frozen=True, slots=True)
class ExplanationContent:
    """What a kind, a field or a part of a manifest takes."""

    name: ClassVar[str] = "explanation"

    part: KindExplained | FieldExplained | PartExplained
    kind: str = ""
    """The name of the kind of a field."""
