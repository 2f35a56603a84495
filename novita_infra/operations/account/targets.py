"""The objects that the words of a command mean: addresses, patterns, labels, and ids."""

from __future__ import annotations

from collections.abc import Sequence

from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import Diagnostic, Problems, nearest, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Live, Phase
from novita_infra.operations.account.recorded import RecordedObject
from novita_infra.operations.account.view import AccountView
from novita_infra.planning.options import LABEL
from novita_infra.refresh.objects import Lives, only_listed, read_all, read_one


@dataclass(frozen=True, slots=True)
class ObjectTarget:
    """A live object that a command is about."""

    kind: Kind
    live: Live
    """As its list shows it: without what only a get returns."""
    recorded: RecordedObject | None
    """None where no state of the project records it."""
    title: str
    """What a message calls it: its address, else its id."""


async def targets_of(
    view: AccountView, words: Sequence[str], kinds: Sequence[Kind], *, gone: bool = False
) -> list[ObjectTarget]:
    """The live objects of these kinds that the words mean, each once, in the order of the words.

    A word is an address, a pattern, a label or an id. The list of each kind in question is read once. With `gone`,
    recorded objects that do not exist any more are among them, in that phase.
    Raises Problems with every word that means nothing, and ApiError.
    """
    named = {word: _recorded(view, word, kinds) for word in words}
    wanted = {item.address.type for found in named.values() for item in found or ()}
    read = [kind for kind in kinds if kind.type in wanted or any(found is None for found in named.values())]
    lists = await together(*(read_all(view.client, kind) for kind in read))
    lives = {kind.type: by_id for kind, by_id in zip(read, lists, strict=True)}
    targets: dict[tuple[str, str], ObjectTarget] = {}
    errors: list[Diagnostic] = []
    for word, found in named.items():
        keys = [(kind.type, word) for kind in read] if found is None else [(it.address.type, it.id) for it in found]
        live = [(key, lives[key[0]][key[1]]) for key in keys if key[1] in lives.get(key[0], {})]
        if gone and found:
            live += [(key, _gone(key[1])) for key in keys if _is_gone(lives[key[0]], key[1])]
        if not live:
            errors.append(_missing(view, kinds, word, found, [id for by_id in lives.values() for id in by_id]))
        targets |= {key: _target(view, key, item) for key, item in live}
    if errors:
        raise Problems(errors)
    return list(targets.values())


async def all_targets(view: AccountView, kinds: Sequence[Kind]) -> list[ObjectTarget]:
    """The live objects of these kinds, and the recorded ones that do not exist any more. Raises ApiError."""
    lists = await together(*(read_all(view.client, kind) for kind in kinds))
    lives = {kind.type: by_id for kind, by_id in zip(kinds, lists, strict=True)}
    missing = [key for key in view.recorded.by_id if key[0] in lives and _is_gone(lives[key[0]], key[1])]
    found = [((prefix, live.id), live) for prefix, by_id in lives.items() for live in by_id.values()]
    return [_target(view, key, live) for key, live in (*found, *((key, _gone(key[1])) for key in missing))]


async def target_of(view: AccountView, word: str, kinds: Sequence[Kind]) -> ObjectTarget:
    """The one live object that the word means. Raises Problems if there is none, or several.

    A recorded one is read by its id, without the list: an account may have thousands of others.
    """
    recorded = _recorded(view, word, kinds) or []
    if len(recorded) == 1 and not only_listed(kind := KINDS[recorded[0].address.type]):
        live = await read_one(view.client, kind, recorded[0].id)
        if live is None:
            raise Problems([_missing(view, kinds, word, recorded, [])])
        return _target(view, (kind.type, live.id), live)
    found = await targets_of(view, [word], kinds)
    if len(found) > 1:
        several = ", ".join(item.title for item in found)
        raise problem(f"{word} means several objects: {several}", "name one of them")
    return found[0]


def ids_of(view: AccountView, word: str, kind: Kind) -> list[str]:
    """The ids of the recorded objects of a kind that an address, a pattern or a label means; else the word itself.

    Makes no call. Raises Problems for an address of no such object.
    """
    recorded = _recorded(view, word, [kind])
    if recorded == []:
        raise Problems([_missing(view, [kind], word, recorded, [])])
    return [word] if recorded is None else [item.id for item in recorded]


def _target(view: AccountView, key: tuple[str, str], live: Live) -> ObjectTarget:
    title = view.recorded.address_of(*key) or live.id
    return ObjectTarget(KINDS[key[0]], live, view.recorded.by_id.get(key), title)


def _is_gone(lives: Lives, id: str) -> bool:
    """Whether the list shows that the object does not exist."""
    return id not in lives and lives.is_certain


def _gone(id: str) -> Live:
    return Live(id, "", Phase.GONE, "", {})


def _recorded(view: AccountView, word: str, kinds: Sequence[Kind]) -> list[RecordedObject] | None:
    """The recorded objects that an address, a pattern or a label means; None for a word that may be an id."""
    types = {kind.type for kind in kinds}
    try:
        return [item for item in view.recorded.selected(word) if item.address.type in types]
    except ValueError:
        return None


def _missing(
    view: AccountView, kinds: Sequence[Kind], word: str, found: list[RecordedObject] | None, ids: Sequence[str]
) -> Diagnostic:
    if found:
        gone = ", ".join(f"{view.recorded.address_of(item.address.type, item.id)} ({item.id})" for item in found)
        verb = "does" if len(found) == 1 else "do"
        return Diagnostic(f"{gone} {verb} not exist any more", "novita-infra plan shows what apply would do about it")
    types = [kind.type for kind in kinds]
    addresses = [str(item.address) for item in view.recorded if item.address.type in types]
    if found is None:
        return Diagnostic(f"{word} is neither an address nor an id in this account", nearest(word, [*addresses, *ids]))
    if view.place is None:
        return Diagnostic(f"no state is known that records {word}", "go to the folder of its project, or name its id")
    if others := view.recorded.selected(word):
        return Diagnostic(f"{others[0].address} is no {' or '.join(types)}", nearest(word, addresses))
    where = f"the environment {view.where.environment}" if view.where.environment else "this project"
    if word.startswith(LABEL):
        labels = {
            f"{name}={value}"
            for item in view.recorded
            if item.address.type in types
            for name, value in item.record.labels.items()
        }
        label = word.removeprefix(LABEL)
        return Diagnostic(f"no object of {where} has the label {label}", nearest(label, [*labels]))
    return Diagnostic(f"no object of {where} is recorded as {word}", nearest(word, addresses))
