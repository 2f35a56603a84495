"""Pins the modules from git that a project uses, in every environment: makes the content of the lock file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from novita_infra.manifests.language.reading import MODULE
from novita_infra.manifests.modules.git.lock_file import Pins, read_pins
from novita_infra.manifests.modules.git.pinning import Pinning
from novita_infra.manifests.modules.no_module import NoModule
from novita_infra.manifests.modules.use import SOURCE, origin_in_use
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.discovery import find
from novita_infra.manifests.project.files import Files
from novita_infra.manifests.project.project_file import settings_of
from novita_infra.manifests.project.resource_loading.identifying import DocumentIdentifier
from novita_infra.manifests.validation.documents import PROJECT_FILE, IdentifiedDocument
from novita_infra.model.diagnostics import Diagnostic, Problems, nearest
from novita_infra.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class NewPins:
    """The pins of a project before and now."""

    root: Path
    """The project's folder."""
    before: Pins
    now: Pins


def pin_modules(path: Path, *, environ: Mapping[str, str], moved: Sequence[str] | None) -> NewPins:
    """Returns the pins of all modules of the project at a folder, whose files are in the cache then.

    `moved` names the modules of the project whose refs are resolved again, with all modules in them; none of them means
    all, and None that no pin moves. Raises Problems with all errors.
    """
    found = find(path)
    found = find(found.root) if found.scope else found
    diagnostics = Collected()
    files = Files(found.root, diagnostics)
    diagnostics.sources = files.sources
    if found.project_file:
        settings, _ = settings_of(files.read(PROJECT_FILE), files.sources)
        found.leave_out(settings.ignored)
    diagnostics.add(found.diagnostics)
    before, errors = read_pins(found.root)
    if errors:
        raise Problems(errors)
    pinning = Pinning(before, environ)
    identifier = DocumentIdentifier(found, files, diagnostics, pinning.checkout)
    uses = identifier.identify(found.manifests).modules
    chosen = _chosen(uses, moved)
    walk = _Walk(identifier, diagnostics)
    for moving, some in ((True, chosen), (False, [use for use in uses if use not in chosen])):
        pinning.moving = moving
        walk.visit(some)
    diagnostics.warnings()
    return NewPins(found.root, before, pinning.pins)


def _chosen(uses: Sequence[IdentifiedDocument], moved: Sequence[str] | None) -> list[IdentifiedDocument]:
    """Returns the uses that have these names. Raises Problems for a name that none has."""
    if moved is None:
        return []
    by_name = {use.address.name: use for use in uses}
    names = [name.removeprefix(f"{MODULE}.") for name in moved] or [*by_name]
    unknown = [
        Diagnostic(f'there is no module "{name}"', nearest(name, tuple(by_name)) or "the project uses none")
        for name in names
        if name not in by_name
    ]
    if unknown:
        raise Problems(unknown)
    return [by_name[name] for name in names]


class _Walk:
    """Visits every module once, with those inside of it."""

    def __init__(self, identifier: DocumentIdentifier, diagnostics: Collected) -> None:
        self._identifier = identifier
        self._diagnostics = diagnostics
        self._visited: set[str] = set()

    def visit(self, uses: Iterable[IdentifiedDocument]) -> None:
        """Visits the modules of these uses. What gives no module is reported."""
        waiting = [*uses]
        while waiting:
            use = waiting.pop()
            try:
                place = self._identifier.place_of(use)
                if place is None or place.name in self._visited:
                    continue
                self._visited.add(place.name)
                waiting += self._identifier.module(place).modules
            except NoModule as error:
                self._diagnostics.add(error.at(origin_in_use(use.document, SOURCE)))
