"""A key of age from a passphrase. The cost of guessing is fixed and stored, so that every machine reads what another
wrote.

age itself measures the machine and refuses what would take this one long: a state of a fast laptop would be lost to a
slow runner.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Any, Final

ROUNDS = 17
"""The logarithm of the rounds of scrypt for new keys: about half a second and 128 MB. Tests lower it."""
ALLOWED: Final = range(10, 22)
"""The rounds that are read."""
_BLOCK: Final = 8
_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_PREFIX: Final = "age-secret-key-"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def identity_of_passphrase(passphrase: str, salt: bytes, rounds: Any) -> str:
    """The identity of age, `AGE-SECRET-KEY-1...`, that scrypt makes of the passphrase. Raises ValueError."""
    if not isinstance(rounds, int) or rounds not in ALLOWED:
        raise ValueError(f"{rounds} is no number of rounds")
    text = unicodedata.normalize("NFC", passphrase).encode()
    needed = 128 * _BLOCK * (1 << rounds)
    key = hashlib.scrypt(text, salt=salt, n=1 << rounds, r=_BLOCK, p=1, maxmem=needed + 2**20, dklen=32)
    return _bech32(key).upper()


def _bech32(data: bytes) -> str:
    """The data as text of Bech32 (BIP 173), in which age writes its keys."""
    bits = int.from_bytes(data, "big") << (-len(data) * 8 % 5)
    count = -(-len(data) * 8 // 5)
    values = [bits >> 5 * (count - 1 - at) & 31 for at in range(count)]
    prefix = [ord(mark) >> 5 for mark in _PREFIX] + [0] + [ord(mark) & 31 for mark in _PREFIX]
    checksum = _polymod([*prefix, *values, *[0] * 6]) ^ 1
    values += [checksum >> 5 * (5 - at) & 31 for at in range(6)]
    return f"{_PREFIX}1{''.join(_ALPHABET[value] for value in values)}"


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for at, part in enumerate(_GENERATOR):
            check ^= part if top >> at & 1 else 0
    return check
