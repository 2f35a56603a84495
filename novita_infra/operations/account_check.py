"""Whose key it is: a project that names its account is carried out with no other one's key."""

from __future__ import annotations

from novita_infra.account.balance import KEYS, account_of
from novita_infra.api.errors import ApiError
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.operations.session import Session


async def check_owner(session: Session) -> None:
    """Raises Problems where the key belongs to another account than the project is for, or where nobody can tell.

    The simulator of the project itself is nobody's, and asks for no key.
    """
    wanted = session.project.rules.account
    if not wanted or session.sim:
        return
    try:
        found = account_of(await session.client.send(KEYS), session.client.is_own)
    except ApiError as error:
        raise _unknown_owner(wanted, str(error)) from error
    if not found:
        raise _unknown_owner(wanted, "the list of keys does not tell it")
    if found != wanted:
        raise problem(
            f"the project is for the account {wanted}, and this key belongs to {found}",
            "set NOVITA_API_KEY to a key of that account, or choose another environment",
            code=EXIT_REFUSED,
        )


def _unknown_owner(wanted: str, why: str) -> Problems:
    """What cannot be checked does not hold."""
    return problem(
        f"whose key this is cannot be told, and the project is for the account {wanted}: {why}",
        "check NOVITA_API_KEY; it must be able to list its keys",
        code=EXIT_REFUSED,
    )
