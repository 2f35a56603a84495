"""The list of keys costs no comparison of each key with each other one."""

from __future__ import annotations

from novita_infra.catalogue.keys import ListedKey
from novita_infra.views.results.account.limits import key_listing


class ComparedKey(ListedKey):
    """A key that counts its comparisons."""

    count = 0

    def __eq__(self, other: object) -> bool:
        ComparedKey.count += 1
        return super().__eq__(other)

    __hash__ = ListedKey.__hash__


def key(number: int) -> ListedKey:
    return ComparedKey(
        id=f"key_{number}",
        number=str(number),
        name=f"k{number}",
        mask="sk_***",
        member="",
        account="",
        created="",
        expires="",
        last_used=0,
        models="",
        allowed=None,
        excluded=None,
    )


def test_many_keys_that_may_be_in_use_are_not_compared_one_by_one() -> None:
    keys = [key(number) for number in range(1000)]
    rows = key_listing(keys, [key(number) for number in range(0, 1000, 2)]).rows
    assert [row.own for row in rows] == [True, False] * 500
    assert ComparedKey.count < 1100
