"""The options of a plan, as keyword arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypedDict

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.planning.options import LABEL, PlanOptions, Refresh, is_pattern


class PlanChoices(TypedDict, total=False):
    """The keyword arguments of `plan`, `apply` and `destroy`; each is the option of the command of that name.

    Where several resources can be named: addresses, patterns such as `instance.*`, or labels such as `label:team=ml`.
    """

    targets: Iterable[str]
    """Only these resources, what they need, and what cannot remain without them. An empty list is refused, for without
    targets a plan is about everything.
    """
    excludes: Iterable[str]
    """Not these resources, nor what cannot be done without them."""
    replaces: Iterable[str]
    """Replace these resources, though they could be kept."""
    allow_data_loss: Iterable[str]
    """The resources whose data may be lost."""
    create_anyway: Iterable[str]
    """Create these resources though an object of their name and place exists that no state has."""
    allow_large_change: bool
    """Whether more may be deleted and replaced than the limit of the project."""
    checks: bool
    """Whether every resource is asked what its `check` says, though nothing has changed."""
    hooks: bool
    """Whether the hooks of the project and of its resources run; they do by default."""
    refresh: Literal["all", "changed", "none", "only"]
    """Which objects are read first."""
    runway_minutes: int
    """Minutes for which the balance must pay for what the plan adds; 60 by default."""
    new_state: bool
    """Whether to start with a new state, though objects exist that a lost state may have recorded."""


def refuse_unknown(choices: PlanChoices, method: Callable[..., Any]) -> None:
    """Raises TypeError, as Python does for other keywords, where the method does not know a keyword of the choices.

    A type checker sees them before. A program without one must not destroy everything where it writes `target`.
    """
    unknown = [name for name in choices if name not in PlanChoices.__optional_keys__]
    if not unknown:
        return
    from inspect import Parameter, signature  # noqa: PLC0415 -- only for the message

    own = [name for name, item in signature(method).parameters.items() if item.kind is not Parameter.VAR_KEYWORD]
    known = sorted({*own, *PlanChoices.__optional_keys__})
    hint = nearest(unknown[0], known)
    raise TypeError(f"{method.__qualname__}() got an unexpected keyword argument {unknown[0]!r}; {hint}")


def plan_options_of(choices: PlanChoices, *, destroys: bool = False) -> PlanOptions:
    """The options that the choices mean. Raises Problems for what is no address, pattern or label, and for no target
    in a list of them.
    """
    targets = _named(choices.get("targets", ()))
    if "targets" in choices and not targets:
        raise problem("targets is empty", "leave it out for a plan about everything")
    return PlanOptions(
        destroys=destroys,
        targets=targets,
        excludes=_named(choices.get("excludes", ())),
        replaces=_named(choices.get("replaces", ())),
        allow_data_loss=_named(choices.get("allow_data_loss", ())),
        create_anyway=_named(choices.get("create_anyway", ())),
        allow_large_change=choices.get("allow_large_change", False),
        checks=choices.get("checks", False),
        hooks=choices.get("hooks", True),
        refresh=_refresh(choices.get("refresh", "all")),
        runway=choices.get("runway_minutes", 60),
        new_state=choices.get("new_state", False),
    )


def _refresh(word: str) -> Refresh:
    try:
        return Refresh(word)
    except ValueError:
        raise problem(f"refresh={word!r} is not known", 'it is "all", "changed", "none" or "only"') from None


def _named(items: Iterable[str]) -> tuple[str, ...]:
    texts = (items,) if isinstance(items, str) else tuple(items)
    return tuple(text if text.startswith(LABEL) or is_pattern(text) else _address(text) for text in texts)


def _address(text: str) -> str:
    try:
        return str(Address.parse(text))
    except ValueError as error:
        raise problem(str(error)) from None
