"""Checks that the key belongs to the account that the project names."""

from __future__ import annotations

from novita_infra.account.balance import KEYS, account_of
from novita_infra.api.errors import ApiError
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.operations.session import Session


async def check_owner(session: Session) -> None:
    """Raises Problems if the key belongs to another account than the project names, or its account is not known.

    The simulator in this process has no account and asks for no key.
    """
    account = session.project.rules.account
    if not account or session.sim:
        return
    try:
        owner = account_of(await session.client.send(KEYS), session.client.is_own)
    except ApiError as error:
        raise _unknown_owner(account, str(error)) from error
    if not owner:
        raise _unknown_owner(account, "the list of keys does not contain it")
    if owner != account:
        raise problem(
            f"the project is for the account {account}, and this key belongs to {owner}",
            "set NOVITA_API_KEY to a key of that account, or choose another environment",
            code=EXIT_REFUSED,
        )


def _unknown_owner(account: str, why: str) -> Problems:
    """The problem that the check cannot be made, which counts as failed."""
    return problem(
        f"the account of this key is not known, and the project is for the account {account}: {why}",
        "check NOVITA_API_KEY; it must be able to list its keys",
        code=EXIT_REFUSED,
    )
