"""The ways to wrap a data key."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec, module_from_spec
from pathlib import Path

import pytest
from encrypted_states import IDENTITY, OTHER_IDENTITY, RECIPIENT

from novita_infra.model.diagnostics import Problems
from novita_infra.state.encryption import passphrases
from novita_infra.state.encryption.data_keys import data_key_of, new_data_key
from novita_infra.state.encryption.passphrases import identity_of_passphrase
from novita_infra.state.encryption.settings import Encryption
from novita_infra.state.encryption.wrapping import AgeWrapping, CommandWrapping, PassphraseWrapping, pyrage

KEY = b"AGE-SECRET-KEY-OF-A-TEST"
KMS = """#!/bin/sh
case "$1 $2" in
  "alias/x wrap") base64 ;;
  "alias/x unwrap") base64 -d ;;
  *) cat >&2; echo "no key $1" >&2; exit 3 ;;
esac
"""


def program(folder: Path, text: str = KMS) -> str:
    path = folder / "kms"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_a_passphrase_unwraps_what_it_wrapped() -> None:
    by = PassphraseWrapping("pass")
    wrapped = by.wrap(KEY)
    assert wrapped.keys() == {"method", "key", "salt", "rounds"}
    assert by.unwrap(wrapped) == KEY
    assert by.would_wrap(wrapped)
    assert PassphraseWrapping("other").unwrap(wrapped) is None
    assert by.unwrap({**wrapped, "rounds": 16}) is None


def test_a_new_key_of_a_passphrase_takes_128_mb_to_guess() -> None:
    spec = find_spec(passphrases.__name__)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(fresh := module_from_spec(spec))  # as it is without the settings of the tests
    assert 128 * 8 << fresh.ROUNDS == 128 * 2**20


def test_a_passphrase_gives_the_same_identity_on_every_machine() -> None:
    identity = identity_of_passphrase("pass", b"salt", 10)
    assert identity == "AGE-SECRET-KEY-1R5EWQLDFFGK8E0EPH5GY6AHQEHAWNPV3NZV7FF9R0KPD8KQT5QSS6K6WXW"
    assert str(pyrage().x25519.Identity.from_str(identity)) == identity
    assert identity_of_passphrase("caf\u00e9", b"salt", 10) == identity_of_passphrase("cafe\u0301", b"salt", 10)


@pytest.mark.parametrize("rounds", [9, 22, 64, "17", None, True, 17.0])
def test_rounds_beyond_measure_are_damage(rounds: object) -> None:
    by = PassphraseWrapping("pass")
    wrapped = {"method": "passphrase", "key": "AAAA", "salt": "AAAA", "rounds": rounds}
    with pytest.raises(Problems, match="x is damaged: its wrapped key cannot be read"):
        data_key_of(wrapped, Encryption(by, (by,)), place="x")


@pytest.mark.parametrize("before", ["", "# created: 2026-11-30T10:00:00Z\n# public key: age1x\n\n"])
def test_an_identity_file_of_age_keygen_unwraps_what_was_wrapped_for_its_recipient(before: str) -> None:
    wrapped = AgeWrapping((RECIPIENT,), "").wrap(KEY)
    by = AgeWrapping((RECIPIENT,), f"{before}{OTHER_IDENTITY}\n{IDENTITY}\n")
    assert by.unwrap(wrapped) == KEY
    assert by.would_wrap(wrapped)
    assert not AgeWrapping((), IDENTITY).would_wrap(wrapped)
    assert AgeWrapping((RECIPIENT,), OTHER_IDENTITY).unwrap(wrapped) is None


@pytest.mark.process
def test_an_ssh_key_is_a_recipient_and_an_identity(tmp_path: Path) -> None:
    made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")]
    subprocess.run(made, check=True)
    by = AgeWrapping((" ".join((tmp_path / "key.pub").read_text().split()[:2]),), (tmp_path / "key").read_text())
    assert by.unwrap(by.wrap(KEY)) == KEY


@pytest.mark.process
def test_a_program_wraps_and_unwraps(tmp_path: Path) -> None:
    by = CommandWrapping((program(tmp_path), "alias/x"), tmp_path)
    assert by.unwrap(by.wrap(KEY)) == KEY
    key = new_data_key(by)
    sealed = key.seal("here", b"content")
    older = CommandWrapping((program(tmp_path), "alias/y"), tmp_path)
    again = data_key_of(key.wrapped, Encryption(by, (older, by)), place="x")
    assert again.open("here", sealed) == b"content"


@pytest.mark.process
def test_a_program_that_fails_is_named_without_the_key_that_it_got(tmp_path: Path) -> None:
    with pytest.raises(Problems) as raised:
        CommandWrapping((program(tmp_path), "alias/y"), tmp_path).wrap(KEY)
    assert str(raised.value) == (
        "kms wrap, which state.encryption.command names, ended with exit code 3: (secret)no key alias/y"
    )
    with pytest.raises(Problems, match="printed nothing; it reads the key from its input and prints it"):
        CommandWrapping((program(tmp_path, "#!/bin/sh\n"),), tmp_path).wrap(KEY)
    with pytest.raises(Problems, match=r"kms wrap, which .* names, cannot be run: "):
        CommandWrapping((program(tmp_path, "no program"),), tmp_path).wrap(KEY)
    by = CommandWrapping((program(tmp_path, "#!/bin/sh\necho something\n"),), tmp_path)
    with pytest.raises(Problems, match=r"state\.encryption\.command unwraps the key of x to something else than a key"):
        data_key_of({"method": "command", "key": "AAAA"}, Encryption(by, (by,)), place="x")


def test_no_wrapping_shows_its_key() -> None:
    for wrapping in (PassphraseWrapping("hunter2"), AgeWrapping((RECIPIENT,), "hunter2")):
        assert "hunter2" not in f"{wrapping!r} {wrapping} {Encryption(wrapping, (wrapping,))!r}"


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(Problems) as raised:
        pyrage()
    assert str(raised.value) == (
        "the encryption of states needs the package pyrage; pip install 'novita-infra[encryption]'"
    )
