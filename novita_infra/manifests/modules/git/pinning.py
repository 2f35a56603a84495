"""Pins modules from git: resolves their refs to commits, and takes the digests of their files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from novita_infra.manifests.modules.git.checkouts import Checkouts
from novita_infra.manifests.modules.git.lock_file import Pin, Pins
from novita_infra.manifests.modules.git.pinned import checkout_of
from novita_infra.manifests.modules.git.source import GitSource


class Pinning:
    """Makes new pins from old ones."""

    def __init__(self, old: Pins, environ: Mapping[str, str]) -> None:
        self._old = old
        self._checkouts = Checkouts(environ)
        self.moving = False
        """Whether refs with a pin are resolved again. The commit of a repository is the same for all its folders."""
        self.pins: dict[str, Pin] = {}
        """The new pins: those of all modules that were asked for."""

    def checkout(self, source: GitSource) -> Path:
        """Returns the folder with the files of a module, and pins it. Raises NoModule."""
        old, new = self._old.get(source.repository), self.pins.get(source.repository)
        commit = new.commit if new else old.commit if old and not self.moving else ""
        digest = ""
        if not commit:
            commit, digest = self._checkouts.fetch(source)
        if old and old.commit == commit:
            digest = old.digests.get(source.folder, digest)
        if not digest:
            _, digest = self._checkouts.fetch(source, commit)
        found = checkout_of(self._checkouts, source, commit, digest)
        self.pins[source.repository] = Pin(commit, {**(new.digests if new else {}), source.folder: digest})
        return found
