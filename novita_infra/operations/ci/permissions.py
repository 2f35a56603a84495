"""The permission for what a plan loses: a label on the request that names the digest of that plan.

A description, a title and a commit message are written by the author of a request, and others can edit a comment of a
person. The forge keeps a record of who put a label there, and offers no way to edit it. So a permission is a label,
from a person who may merge; it names one plan, and is taken away when that is applied.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Final, NamedTuple

from novita_infra.forges.forge import ChangeRequest, Forge, Role
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.review import Review

_LABEL: Final = "novita-infra: allow "
_DIGITS: Final = 24
"""Hex digits of the digest in a label: 96 bits. A label of GitHub has at most 50 characters."""
_DATA_LOSS: Final = "--allow-data-loss"
_LARGE_CHANGE: Final = "--allow-large-change"


class PermissionAnswer(NamedTuple):
    """Whether a plan is permitted."""

    by: str = ""
    """The person who permits it; empty where nobody does."""
    why_not: str = ""
    """Why a label that is there does not count."""


def permission_label(digest: str) -> str:
    """The label that permits the plan with the digest."""
    return f"{_LABEL}{digest.removeprefix('sha256:')[:_DIGITS]}"


def permissions_wanted(review: Review) -> PlanOptions | None:
    """The options with which the plan can be applied; None where permissions are not all that it lacks."""
    wanted = PlanOptions()
    for item in review.problems:
        match shlex.split(item.option):
            case [option, address] if option == _DATA_LOSS:
                wanted = replace(wanted, allow_data_loss=(*wanted.allow_data_loss, address))
            case [option] if option == _LARGE_CHANGE:
                wanted = replace(wanted, allow_large_change=True)
            case _:
                return None
    return wanted if review.problems else None


def needs_permission(asked: PlanOptions) -> bool:
    """Whether a plan was made with options that a request must permit."""
    return bool(asked.allow_data_loss) or asked.allow_large_change


def is_permission(asked: PlanOptions) -> bool:
    """Whether the options are nothing but such permissions, as a job that plans gives them."""
    return replace(asked, allow_data_loss=(), allow_large_change=False, policies=()) == PlanOptions()


def permission_of(forge: Forge, request: ChangeRequest, digest: str, least: Role, *, label_id: str) -> PermissionAnswer:
    """Who permits the plan with the digest on the request, if that person has at least the role.

    `label_id` is the id of the label that was offered for it.
    """
    label = permission_label(digest)
    if label not in request.labels:
        return PermissionAnswer()
    person = forge.labelled_by(request.number, label, label_id)
    if person is None:
        return PermissionAnswer(why_not="nobody knows who put the label on the request")
    if person.is_program:
        return PermissionAnswer(why_not=f"{person.name}, who put the label on the request, is a program")
    role = forge.role_of(person)
    if role < least:
        has, needs = role.name.lower(), least.name.lower()
        return PermissionAnswer(why_not=f"{person.name}, who put it there, has the role {has}, and {needs} is needed")
    return PermissionAnswer(by=person.name)
