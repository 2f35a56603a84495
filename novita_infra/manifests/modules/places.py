"""Where the files of a module are: a folder of the project, or of a repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from novita_infra.api.credentials import without_credentials
from novita_infra.manifests.modules.git import GIT
from novita_infra.manifests.modules.no_module import NoModule
from novita_infra.manifests.modules.use import SOURCE, in_use
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import shortened

if TYPE_CHECKING:
    from novita_infra.manifests.modules.git.source import GitSource


_FORMS: Final = (
    "it is a folder of this project, relative to this file, such as ./modules/train, or in a repository, such as "
    "git::https://github.com/acme/modules.git//train?ref=v1.2.0 or git::file:///srv/modules.git//train"
)
_SHORT_SSH: Final = re.compile(r"[\w.-]+@[\w.-]+:")
_ON_A_HOST: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+/[\w./~+?=-]{1,200}")
_RELATIVE: Final = re.compile(r"\w[\w./-]{0,200}")


@dataclass(frozen=True, slots=True)
class ModulePlace:
    """The folder of a module."""

    name: str
    """What the names of its files begin with, before a slash: relative to the project's folder, or a repository."""
    folder: Path

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of the project."""
        return not self.name.startswith(GIT)


def module_place(use: IdentifiedDocument, root: Path, checkout: Callable[[GitSource], Path]) -> ModulePlace | None:
    """Returns the place of the module that a document of kind Module uses; None where the schema reports its source.

    A relative source starts at the folder of the document's file. `checkout` gives the folder of a module from git.
    Raises NoModule.
    """
    from novita_infra.manifests.modules.git.source import git_source, source_of_file  # noqa: PLC0415 -- only for modules

    source, file = in_use(use.document.data, SOURCE), use.document.file
    if not isinstance(source, str):
        return None
    around = source_of_file(file)
    if source.startswith(GIT):
        wanted = git_source(source)
        if wanted.is_local and around and not around[0].is_local:
            hint = "a module from a server comes with its own modules, or names others on servers"
            raise NoModule("a module from a server uses no repository of this machine", hint)
        return ModulePlace(wanted.name, checkout(wanted))
    if not source.startswith(("./", "../")):
        raise _unknown_form(source, file, root)
    if around:
        repository, path = around
        wanted = repository.beside(posixpath.join(posixpath.dirname(path), source))
        return ModulePlace(wanted.name, checkout(wanted))
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(file), source))
    if folder.startswith("..") or folder == "." or not folder.isprintable():
        hint = "keep the modules of a project in a folder of it, such as ./modules/train"
        raise NoModule("the source of a module is not inside of the project's folder", hint)
    return ModulePlace(folder, root / folder)


def _unknown_form(source: str, file: str, root: Path) -> NoModule:
    """Returns why a text names no module, with what to write. Raises NoModule for an address that holds a mistake."""
    from novita_infra.manifests.modules.git.source import git_source  # noqa: PLC0415 -- only for modules

    summary = f'the source of a module cannot be "{shortened(without_credentials(source))}"'
    if "://" in source or _SHORT_SSH.match(source):
        git_source(f"{GIT}{source}")
        return NoModule(summary, f"write {GIT}{source}")
    if _ON_A_HOST.fullmatch(source):
        return NoModule(summary, f"write {GIT}https://{source}")
    path = Path(source)
    if path.is_absolute() and path.is_relative_to(root) and path != root:
        beside = posixpath.relpath(path.relative_to(root).as_posix(), posixpath.dirname(file))
        return NoModule(summary, f"write {beside if beside.startswith('../') else f'./{beside}'}")
    if _RELATIVE.fullmatch(source):
        return NoModule(summary, f"write ./{source}")
    return NoModule(summary, _FORMS)
