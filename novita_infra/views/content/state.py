"""The state, its records and the outputs, as results of commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.state.state import State


@dataclass(frozen=True, slots=True)
class StateContent:
    """All records and outputs."""

    name: ClassVar[str] = "state"

    state: State


@dataclass(frozen=True, slots=True)
class RecordContent:
    """One record."""

    name: ClassVar[str] = "record"

    record: Record
    imported: str = ""
    """`Imported` or `Adopted` for the record of an object that just was; else empty."""


@dataclass(frozen=True, slots=True)
class OutputsContent:
    """The outputs of the project."""

    name: ClassVar[str] = "outputs"

    outputs: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class OutputContent:
    """The value of one output."""

    name: ClassVar[str] = "output"

    value: Value
    raw: bool = False
    """Whether a text is written without quotes and line end."""
