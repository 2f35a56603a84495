"""Encrypted contents: what is stored shows nothing, and what was altered, swapped or put back is noticed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from encrypted_states import AGE, IDENTITY, OTHER_AGE, OTHER_IDENTITY, OTHER_RECIPIENT, RECIPIENT, encrypted
from state_values import NET, A, B, with_record, write_changes

from novita_infra.encoding.checksums import add_line_checksum, add_state_checksum
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems
from novita_infra.model.records import Record
from novita_infra.state.opening import open_backend, open_storages, state_files
from novita_infra.state.seen_versions import RunNotes, check_newest
from novita_infra.state.settings import StateSettings
from novita_infra.state.state import State
from novita_infra.state.store import Store

CANARY = "i-canary-81c7"


def store(folder: Path, encryption: dict[str, Any] | None = None, environment: str = "dev") -> Store:
    return open_backend(encrypted(folder, encryption)).store(environment, project="training")


def clear(folder: Path) -> Store:
    """The store of a project without encryption."""
    return open_backend(StateSettings(folder)).store("dev", project="training")


def saved(of: Store, *, id: str = CANARY) -> State:
    return of.save(with_record(of.load(), id=id))


def killed(of: Store, *changes: Record) -> None:
    """A run that wrote a line for each change and was killed."""
    with of.journal(of.load()) as journal:
        for change in changes:
            asyncio.run(write_changes(journal, [change]))


def refusal(of: Store) -> tuple[str, str, int]:
    """The message about a state that cannot be read, its hint and the exit code."""
    with pytest.raises(Problems) as raised:
        of.load()
    (item,) = raised.value.diagnostics
    return item.summary, item.hint, raised.value.code


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "state").rglob("*") if path.is_file()}


def changed_json(path: Path, **fields: Any) -> None:
    """Writes other fields into an envelope, with a checksum that fits."""
    data = {name: value for name, value in json.loads(path.read_bytes()).items() if name != "checksum"} | fields
    path.write_bytes(add_state_checksum(json.dumps(data, indent=2).encode() + b"\n"))


def test_no_file_beside_an_encrypted_state_shows_what_is_in_it(tmp_path: Path) -> None:
    of = store(tmp_path)
    state = saved(of)
    killed(of, Record(A, CANARY), Record(B, CANARY))
    with store(tmp_path).journal(store(tmp_path).load()):
        pass
    saved(store(tmp_path))
    contents = files(tmp_path)
    assert {"dev.journal.backup", "dev.json", "dev.json.backup"} < contents.keys()
    for text in contents.values():
        assert not any(word in text for word in (CANARY.encode(), b"trainer", state.key.encode(), IDENTITY.encode()))
    assert json.loads(contents["dev.json"]).keys() == {
        *("version", "program", "checksum", "serial", "encryption", "sealed"),
    }


def test_a_journal_of_a_killed_run_is_read_with_its_state(tmp_path: Path) -> None:
    of = store(tmp_path)
    saved(of)
    killed(of, Record(A, "i-1"), Record(NET, "v-1"))
    found = store(tmp_path).load()
    assert {str(address): record.id for address, record in found.records.items()} == {
        "instance.a": "i-1",
        "instance.trainer": CANARY,
        "vpc.net": "v-1",
    }
    journal = (tmp_path / "state" / "dev.journal").read_bytes()
    assert journal.count(b"\n") == 3


def test_a_last_line_that_a_crash_tore_is_ignored(tmp_path: Path) -> None:
    of = store(tmp_path)
    saved(of)
    killed(of, Record(A, "i-1"), Record(B, "i-2"))
    path = tmp_path / "state" / "dev.journal"
    path.write_bytes(path.read_bytes()[:-20])
    assert {str(address) for address in store(tmp_path).load().records} == {"instance.a", "instance.trainer"}


def test_a_clear_state_is_read_and_encrypted_with_the_next_write(tmp_path: Path) -> None:
    state = saved(clear(tmp_path))
    killed(clear(tmp_path), Record(A, "i-1"))
    of = store(tmp_path)
    assert of.load().lineage == state.lineage
    with of.journal(of.load()):
        assert CANARY.encode() not in (tmp_path / "state" / "dev.json").read_bytes()
    assert {str(address) for address in store(tmp_path).load().records} == {"instance.a", "instance.trainer"}


def test_an_encrypted_state_is_written_in_clear_once_its_key_is_only_a_fallback(tmp_path: Path) -> None:
    saved(store(tmp_path))
    killed(store(tmp_path), Record(A, "i-1"))
    of = store(tmp_path, {"fallback": AGE})
    of.save(of.load())
    assert {str(address) for address in clear(tmp_path).load().records} == {"instance.a", "instance.trainer"}


def test_a_clear_state_is_refused_where_encryption_is_required(tmp_path: Path) -> None:
    saved(clear(tmp_path))
    place = tmp_path / "state" / "dev.json"
    assert refusal(store(tmp_path, {**AGE, "required": True})) == (
        f"{place} is not encrypted, and state.encryption.required is set",
        "if it is yours, one apply without `required` encrypts it",
        EXIT_REFUSED,
    )
    of = store(tmp_path)
    of.save(of.load())
    assert store(tmp_path, {**AGE, "required": True}).load().records
    assert store(tmp_path, {**AGE, "required": True}, "other").load().serial == 0


def test_an_encrypted_state_without_settings_says_what_to_write(tmp_path: Path) -> None:
    saved(store(tmp_path))
    place = tmp_path / "state" / "dev.json"
    assert refusal(clear(tmp_path)) == (
        f"{place} is encrypted for recipients of age, and the project sets no state.encryption",
        "write state: {encryption: {age: [RECIPIENT], identity: {fromFile: PATH}}}",
        1,
    )
    assert refusal(store(tmp_path, {"passphrase": "x"})) == (
        f"{place} is encrypted for recipients of age, and state.encryption has no age",
        "write state: {encryption: {age: [RECIPIENT], identity: {fromFile: PATH}}}, also under fallback:",
        1,
    )


@pytest.mark.parametrize(
    ("written", "read", "summary"),
    [
        (AGE, OTHER_AGE, "is not encrypted for the identity of state.encryption.identity"),
        (
            AGE,
            {"passphrase": "y", "fallback": OTHER_AGE},
            "is not encrypted for the identity of state.encryption.fallback.identity",
        ),
        (
            {"passphrase": "x"},
            {"passphrase": "y"},
            "is encrypted with another passphrase than that of state.encryption.passphrase",
        ),
        (
            {"passphrase": "x"},
            {"passphrase": "y", "fallback": {"passphrase": "z"}},
            "is encrypted with another passphrase than that of state.encryption.passphrase and "
            "state.encryption.fallback.passphrase",
        ),
    ],
)
def test_a_wrong_key_says_so(tmp_path: Path, written: dict[str, Any], read: dict[str, Any], summary: str) -> None:
    saved(store(tmp_path, written))
    found, hint, _ = refusal(store(tmp_path, read))
    assert found == f"{tmp_path / 'state' / 'dev.json'} {summary}"
    assert hint == (
        "set the one that it was written with; after a change, the old one stands under state.encryption.fallback"
    )


def test_a_wrong_key_of_an_earlier_state_names_that_state(tmp_path: Path) -> None:
    for passphrase in ("x", "y"):
        saved(store(tmp_path, {"passphrase": passphrase, "fallback": {"passphrase": "x"}}))
    storage = open_storages(encrypted(tmp_path, {"passphrase": "y"})).storage("dev")
    storage.read()
    summaries = []
    for version in storage.versions():
        with suppress(Problems):
            storage.read_version(version)
            continue
        with pytest.raises(Problems) as raised:
            storage.read_version(version)
        summaries.append(raised.value.diagnostics[0].summary.replace(version.id, "ID"))
    words = "is encrypted with another passphrase than that of state.encryption.passphrase"
    assert set(summaries) == {f"the earlier state ID of {tmp_path / 'state' / 'dev.json'} {words}"}


def test_an_identity_that_is_not_set_or_none_says_so(tmp_path: Path) -> None:
    saved(store(tmp_path))
    assert refusal(store(tmp_path, {"age": [RECIPIENT]}))[:2] == (
        "state.encryption.identity is not set, and only an identity of one of the recipients reads what is encrypted",
        "write identity: {fromFile: PATH} or {fromEnv: NAME}",
    )
    summary, hint, _ = refusal(store(tmp_path, {"age": [RECIPIENT], "identity": "AGE-SECRET-KEY-hunter2"}))
    assert summary == "state.encryption.identity holds no identity of age"
    assert "hunter2" not in hint
    with pytest.raises(Problems, match=r'state\.encryption\.age names "age1x", which is no recipient of age'):
        saved(store(tmp_path, {"age": ["age1x"], "identity": IDENTITY}, "other"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (AGE, {**OTHER_AGE, "fallback": AGE}),
        (AGE, {"age": [OTHER_RECIPIENT], "identity": IDENTITY}),
        ({"passphrase": "x"}, {**AGE, "fallback": {"passphrase": "x"}}),
    ],
)
def test_after_a_rotation_the_old_key_reads_only_what_was_written_before(
    tmp_path: Path, old: dict[str, Any], new: dict[str, Any]
) -> None:
    saved(store(tmp_path, old))
    killed(store(tmp_path, old), Record(A, "i-1"))
    of = store(tmp_path, new)
    killed(of, Record(B, "i-2"))
    left = {name: value for name, value in new.items() if name != "fallback"}
    reader = left if left.get("identity") != IDENTITY or "passphrase" in old else {**left, "identity": OTHER_IDENTITY}
    assert {str(address) for address in store(tmp_path, reader).load().records} == {
        *("instance.a", "instance.b", "instance.trainer")
    }
    assert refusal(store(tmp_path, old))[2] == 1


def test_the_data_key_is_kept_while_the_settings_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "state" / "dev.json"
    saved(store(tmp_path))
    before = json.loads(path.read_bytes())["encryption"]
    saved(store(tmp_path), id="i-2")
    assert json.loads(path.read_bytes())["encryption"] == before
    saved(store(tmp_path, {"age": [RECIPIENT, OTHER_RECIPIENT], "identity": IDENTITY}), id="i-3")
    assert json.loads(path.read_bytes())["encryption"] != before


def test_the_sealed_content_of_another_serial_is_noticed(tmp_path: Path) -> None:
    of = store(tmp_path)
    path = tmp_path / "state" / "dev.json"
    saved(of)
    old = json.loads(path.read_bytes())
    saved(of, id="i-2")
    changed_json(path, sealed=old["sealed"])
    assert refusal(store(tmp_path))[0] == f"{path} is damaged: it was altered, or put there from elsewhere"


def test_the_wrapped_key_of_another_environment_is_noticed(tmp_path: Path) -> None:
    saved(store(tmp_path))
    saved(store(tmp_path, environment="prod"))
    other = json.loads((tmp_path / "state" / "prod.json").read_bytes())
    path = tmp_path / "state" / "dev.json"
    changed_json(path, encryption=other["encryption"])
    assert refusal(store(tmp_path))[0] == f"{path} is damaged: it was altered, or put there from elsewhere"


def with_checksum(fields: dict[str, Any]) -> bytes:
    line = {name: value for name, value in fields.items() if name != "crc32"}
    return add_line_checksum(json.dumps(line, separators=(",", ":"), sort_keys=True).encode()) + b"\n"


JOURNALS: dict[str, Callable[[list[bytes], list[bytes]], list[bytes]]] = {
    "a line twice": lambda lines, _: [*lines, lines[-1]],
    "a line left out": lambda lines, _: [lines[0], *lines[2:]],
    "two lines swapped": lambda lines, _: [lines[0], lines[2], lines[1]],
    "a line of an older journal": lambda lines, old: [*lines[:2], old[2]],
    "the begin of an older journal": lambda lines, old: [old[0], *lines[1:]],
    "a line in the place of the begin": lambda lines, _: [
        with_checksum({**json.loads(lines[0]), "sealed": json.loads(lines[1])["sealed"]}),
        *lines[1:],
    ],
}


@pytest.mark.parametrize("how", JOURNALS)
def test_a_journal_that_was_put_together_is_noticed(tmp_path: Path, how: str) -> None:
    of = store(tmp_path)
    saved(of)
    path = tmp_path / "state" / "dev.journal"
    killed(of, Record(A, "i-1"), Record(B, "i-2"))
    old = path.read_bytes().splitlines(keepends=True)
    killed(store(tmp_path), Record(A, "i-3"), Record(B, "i-4"))
    path.write_bytes(b"".join(JOURNALS[how](path.read_bytes().splitlines(keepends=True), old)))
    summary = refusal(store(tmp_path))[0]
    assert summary.startswith(f"{path} is damaged in line ")
    assert summary.endswith(": it was altered, or put there from elsewhere") or "of another journal" in summary


def test_a_journal_in_clear_beside_an_encrypted_state_is_refused(tmp_path: Path) -> None:
    of = clear(tmp_path)
    saved(of)
    killed(of, Record(A, "i-forged"))
    journal = (tmp_path / "state" / "dev.journal").read_bytes()
    of = store(tmp_path)
    of.save(clear(tmp_path).load())
    path = tmp_path / "state" / "dev.journal"
    path.write_bytes(journal)  # of an older serial, as a crash may leave it
    assert store(tmp_path).load().serial == 3
    header = json.loads(journal.splitlines()[0]) | {"serial": 3}
    path.write_bytes(with_checksum(header) + journal.splitlines(keepends=True)[1])
    assert refusal(store(tmp_path))[0] == f"{path} is damaged in line 1: it is not encrypted, and the state is"


def test_the_backup_of_an_encrypted_state_is_whole_and_encrypted(tmp_path: Path) -> None:
    of = store(tmp_path)
    saved(of)
    killed(store(tmp_path), Record(A, "i-1"))
    latest = store(tmp_path)
    state = latest.save(latest.load())
    folder = tmp_path / "state"
    (folder / "dev.json.backup").rename(folder / "dev.json")
    (folder / "dev.journal.backup").rename(folder / "dev.journal")
    assert store(tmp_path).load() == state


def test_the_states_of_other_projects_are_read_with_the_keys_of_this_one(tmp_path: Path) -> None:
    state = saved(store(tmp_path))
    (reader,) = state_files(tmp_path / "state" / "dev.json", encrypted(tmp_path / "other"))
    assert reader.load() == state
    (reader,) = state_files(tmp_path / "state" / "dev.json", StateSettings(tmp_path / "other"))
    with pytest.raises(Problems, match=r"the project sets no state\.encryption"):
        reader.load()


def test_a_run_reads_what_it_wrote_itself_without_opening_each_line(tmp_path: Path) -> None:
    of = store(tmp_path)
    saved(of)
    with of.journal(of.load()) as journal:
        asyncio.run(write_changes(journal, [Record(A, "i-1")]))
        assert of.load().records[A].id == "i-1"
        assert store(tmp_path).load().records[A].id == "i-1"
    assert of.save(of.load()) == store(tmp_path).load()


@pytest.mark.parametrize("kind", ["state", "journal"])
@pytest.mark.parametrize(
    "encryption", [pytest.param(None, id="clear"), pytest.param(AGE, id="encrypted", marks=pytest.mark.slow)]
)
def test_a_flipped_bit_or_a_cut_at_every_position_is_noticed(
    tmp_path: Path, kind: str, encryption: dict[str, Any] | None
) -> None:
    """Of a journal, too: the run has noted in the cache what it made durable."""
    settings = StateSettings(tmp_path) if encryption is None else encrypted(tmp_path, encryption)

    def fresh() -> Store:
        return open_backend(settings).store("dev", project="training")

    of = fresh()
    saved(of, id="i")
    with of.journal(of.load(), confirmed=RunNotes(tmp_path / "cache", of)) as journal:
        for change in (Record(A, "1"), Record(B, "2")):
            asyncio.run(write_changes(journal, [change]))
    sound = fresh().load()
    path = tmp_path / "state" / ("dev.json" if kind == "state" else "dev.journal")
    data = path.read_bytes()
    unnoticed = []
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 1 << position % 8]) + data[position + 1 :])
        unnoticed += [] if noticed(fresh(), sound) else [("bit", position)]
        path.write_bytes(data[:position])
        unnoticed += [] if noticed(fresh(), sound, tmp_path / "cache") else [("cut", position)]
    assert unnoticed == []


def noticed(of: Store, sound: State, cache: Path | None = None) -> bool:
    """Whether a damaged state is refused, or the damage leaves it as it was."""
    try:
        found = of.load()
        check_newest(cache, of)
    except Problems:
        return True
    return found == sound
