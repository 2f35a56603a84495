"""The declarations of output formats, and the table of them. The rest of a format is imported when it is used."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

_PACKAGE: Final = f"{__package__}.formats"
FAILURE: Final = "failure"
"""The name of what a command has in the place of a result after an error."""
REPORTED: Final = ("validation", "plan", "drift", "orphans", FAILURE)
"""The names of the results that have findings."""


class StreamFormat(NamedTuple):
    """A format of all results, on stdout."""

    help: str
    """The help of the flag that chooses it, `--NAME`; the default format has none."""
    renderer: str
    """`module:class` of its `Renderer`, inside its package."""


class DocumentFormat(NamedTuple):
    """A format of some results, each as one text."""

    help: str
    documents: Mapping[str, str]
    """Name of the result -> `module:function` inside its package, from the content of the result to the text."""
    reports: bool = False
    """Whether the functions take the findings of the content, as a report, in its place."""


OutputFormat: TypeAlias = StreamFormat | DocumentFormat


def report_format(text: str, target: str) -> DocumentFormat:
    """A format of findings. `target` is `module:function` inside its package, from a report to the text."""
    return DocumentFormat(text, dict.fromkeys(REPORTED, target), reports=True)


@functools.cache
def output_formats() -> Mapping[str, OutputFormat]:
    """Every format by its name, which is the name of its package."""
    folders = sorted(path.parent.name for path in (Path(__file__).parent / "formats").glob("*/__init__.py"))
    return {name: import_module(f"{_PACKAGE}.{name}").FORMAT for name in folders}


def document_formats(result: str) -> dict[str, str]:
    """The document formats that show the result, by name, with their help."""
    return {
        name: form.help
        for name, form in output_formats().items()
        if isinstance(form, DocumentFormat) and result in form.documents
    }


def part_of_format(name: str, target: str) -> Any:
    """The class or function of a format that `module:attribute` names."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(f"{_PACKAGE}.{name}.{module}"), attribute)
