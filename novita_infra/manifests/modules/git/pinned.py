"""Gives the modules that the lock file pins. It moves no pin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from novita_infra.manifests.modules.git.checkouts import Checkouts
from novita_infra.manifests.modules.git.lock_file import read_pins
from novita_infra.manifests.modules.git.source import GitSource
from novita_infra.manifests.modules.no_module import NoModule
from novita_infra.manifests.validation.documents import LOCK_FILE


class PinnedModules:
    """The modules from git of one project."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._pins, self._diagnostics = read_pins(root)
        self._checkouts = Checkouts(environ)

    def checkout(self, source: GitSource) -> Path:
        """Returns the folder with the files of a module, fetched if the cache lacks them. Raises NoModule."""
        if self._diagnostics:
            raise NoModule("", diagnostics=self._diagnostics)
        pin = self._pins.get(source.repository)
        if pin is None or source.folder not in pin.digests:
            raise NoModule(f"{LOCK_FILE} does not pin {source.name}", "run `novita-infra modules install`")
        return checkout_of(self._checkouts, source, pin.commit, pin.digests[source.folder])


def checkout_of(checkouts: Checkouts, source: GitSource, commit: str, digest: str) -> Path:
    """Returns the folder with the files of a digest, fetched if the cache lacks them. Raises NoModule."""
    found = checkouts.verified(digest)
    if found is None:
        changed = checkouts.holds(digest)
        try:
            _, now = checkouts.fetch(source, commit)
        except NoModule as error:
            if changed:
                raise NoModule(
                    f"the files of {source.name} in the cache were changed; {error.summary}", error.hint
                ) from None
            raise
        if now != digest:
            hint = f"{LOCK_FILE} was edited, or the repository was tampered with: look at both before `modules update`"
            raise NoModule(f"the files of {source.name} at {commit} are not those that {LOCK_FILE} pins", hint)
        found = checkouts.verified(digest)
    if found is None:
        raise NoModule(f"the files of {source.name} in the cache were changed while they were read", "try again")
    return found
