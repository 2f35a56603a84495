"""Errors of expressions, each with its place in the string."""

from __future__ import annotations

from novita_infra.model.computing.effort import Missing, Uncomputable


class LanguageError(Uncomputable):
    """An error in an expression, at an offset of its string. The message says what is wrong, `hint` what to do."""

    def __init__(self, at: int, summary: str, hint: str = "") -> None:
        super().__init__(summary, hint)
        self.at = at
        self.others: tuple[LanguageError, ...] = ()
        """The errors of other parts of the expression."""


class MissingAt(LanguageError, Missing):
    """A value that does not exist, at its place. `default` and `coalesce` replace it."""


def at_offset(error: Uncomputable, at: int) -> LanguageError:
    """Returns the error with its place: the offset, unless it has one already."""
    if isinstance(error, LanguageError):
        return error
    located = (MissingAt if isinstance(error, Missing) else LanguageError)(at, error.summary, error.hint)
    located.unset, located.unasked, located.cause = error.unset, error.unasked, error.cause
    return located
