"""Messages about problems: a place, the problem, and what is allowed or to be done.

Values and one exception that carries them; nothing here prints.
"""

from __future__ import annotations

import difflib
import enum
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from novita_infra.model.addresses import Address, Origin
from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import printable

EXIT_ERROR: Final = 1
EXIT_BLOCKED: Final = 4
EXIT_REFUSED: Final = 5
EXIT_OVER_BUDGET: Final = 6

_MOST_NAMED: Final = 40
"""How many known words a message lists if none is near."""
_MOST_KEYS: Final = 12
"""How many keys of a `forEach` a message lists."""


class Severity(enum.Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message. `summary` says what is wrong in a line; `hint` says what is allowed or what to do next."""

    summary: str
    hint: str = ""
    origin: Origin | None = None
    address: str = ""
    severity: Severity = Severity.ERROR
    hidden: tuple[int, ...] = ()
    """The columns of the origin's line at which a secret begins that must not be shown; 0 for the whole line."""
    option: str = ""
    """The option of `plan` and `apply` that the hint names, with its value; empty for none."""
    unset: str = ""
    """The variable or the secret file that does not exist, where that is the message; empty for another one."""
    cause: str = ""
    """What a message has in common with others, so that one of them stands for all; empty for a message of its own."""
    data: bool = False
    """Whether its file holds the data of a user, and no manifest: its lines are quoted, without credentials."""
    unasked: bool = False
    """Whether it is about a secret whose source was not asked: a command that needs it asks, and others do without."""

    def __str__(self) -> str:
        """The message on one line, whatever texts it quotes."""
        place = self.origin or self.address
        text = f"{self.summary}; {self.hint}" if self.hint else self.summary
        return printable(f"{place}: {text}" if place else text)


def run_again_with(option: str) -> str:
    """The words of a hint that ask for the same command with an option."""
    return f"run it again with {option}"


def hint_elsewhere(item: Diagnostic, command: str) -> str:
    """The hint for a person who runs another command: it names the command that takes the option."""
    if not item.option:
        return item.hint
    return item.hint.replace(run_again_with(item.option), item.option).replace(item.option, f"{command} {item.option}")


class NovitaInfraError(Exception):
    """The base of the errors of this package. `str()` is fit for a person, and holds no secret."""


class Problems(NovitaInfraError):
    """All problems, raised together. `code` is the exit code of the command."""

    def __init__(self, diagnostics: Iterable[Diagnostic], *, code: int = EXIT_ERROR) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        self.code = code
        super().__init__("\n".join(str(item) for item in self.diagnostics))


def problem(
    summary: str, hint: str = "", *, origin: Origin | None = None, address: str = "", code: int = 1
) -> Problems:
    """A single problem, ready to raise."""
    return Problems([Diagnostic(summary, hint, origin=origin, address=address)], code=code)


def nearest(word: str, known: Sequence[str]) -> str:
    """`did you mean "image"?` if a known word is near; else the known words, up to a readable number."""
    near = difflib.get_close_matches(word.lower(), [item.lower() for item in known], n=1, cutoff=0.6)
    if near:
        found = next(item for item in known if item.lower() == near[0])
        return f'did you mean "{found}"?'
    if not known:
        return ""
    names = sorted(set(known))
    return f"known: {first_of(names, _MOST_NAMED)}"


def nearest_address(address: Address, known: Iterable[Address]) -> str:
    """What to write in the place of an address that is not known: one of its keys, or the nearest address."""
    known = sorted(known)
    keys = [f'"{item.key}"' for item in known if item.base == address.base and item.key]
    if not keys:
        return nearest(str(address), [str(item) for item in known])
    named = first_of(keys, _MOST_KEYS)
    if address.key:
        return f"{address.base} has the keys {named}"
    return f"its address needs a key: write {shlex.quote(f'{address.base}[{keys[0]}]')}; keys: {named}"


def first_of(items: Sequence[object], most: int, *, more: str = "more") -> str:
    """The first items with the number of the others, as a message lists them: `a, b and 3 more`."""
    others = f" and {len(items) - most} {more}" if len(items) > most else ""
    return f"{', '.join(map(str, items[:most]))}{others}"


def reason(error: OSError | ValueError) -> str:
    """The system's reason why a file cannot be read or written, or a program not started."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


@contextmanager
def naming_file(path: Path) -> Iterator[None]:
    """Inside, every OSError names a file, if only this one. That of a write, such as on a full disk, names none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
