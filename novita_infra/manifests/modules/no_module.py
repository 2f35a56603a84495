"""Why a source gives no module."""

from __future__ import annotations

from collections.abc import Sequence

from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic


class NoModule(Exception):
    """Raised for a source that gives no module. No word in it is a secret."""

    def __init__(self, summary: str, hint: str = "", *, diagnostics: Sequence[Diagnostic] | None = None) -> None:
        """`summary` is the reason, `hint` what to do; or `diagnostics` with places of their own, which may be none."""
        super().__init__(summary)
        self.summary = summary
        self.hint = hint
        self.diagnostics = diagnostics

    def at(self, place: Origin) -> list[Diagnostic]:
        """Returns the diagnostics, at the place of the source if they have none of their own."""
        if self.diagnostics is not None:
            return [*self.diagnostics]
        return [Diagnostic(self.summary, self.hint, origin=place)]
