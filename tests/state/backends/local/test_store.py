"""The state file: saving, loading, guarding, and what is said of one that is damaged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from local_store import LocalStore
from state_values import NET, TRAINER, with_record

from novita_infra.encoding import slow_key
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.model.values import Secret
from novita_infra.state.locks.locking import locked_blocking
from novita_infra.state.state import State, new_state


def store(folder: Path, **options: Any) -> LocalStore:
    return LocalStore(folder / "state" / "dev.json", project="training", environment="dev", **options)


def test_where_there_is_no_file_the_state_is_new_and_nothing_is_written(tmp_path: Path) -> None:
    new = store(tmp_path)
    state = new.load()
    assert (state.project, state.environment, state.serial, dict(state.records)) == ("training", "dev", 0, {})
    assert new.load() is state
    assert list(tmp_path.iterdir()) == []
    other = store(tmp_path).load()
    assert other.lineage != state.lineage
    assert other.key != state.key


def test_a_new_state_is_made_from_the_randomness_given() -> None:
    state = new_state("p", "e", randomness=bytes)
    assert state == new_state("p", "e", randomness=bytes)
    assert state.lineage == "00000000-0000-4000-8000-000000000000"
    assert state.key == slow_key("00" * 32)


def test_every_save_is_a_version_and_the_one_before_it_is_kept(tmp_path: Path) -> None:
    local = store(tmp_path)
    first = local.save(with_record(local.load(), id="i-1"))
    second = local.save(with_record(first, id="i-2"))
    assert (first.serial, second.serial) == (1, 2)
    backup = LocalStore(tmp_path / "state" / "dev.json.backup").load()
    assert backup == first
    assert store(tmp_path).load() == second


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    local = store(tmp_path)
    with locked_blocking(local, "apply"), local.journal(local.save(local.save(local.load()))):
        modes = {path.name: path.stat().st_mode & 0o777 for path in local.path.parent.iterdir() if path.is_file()}
    assert modes == dict.fromkeys(["dev.json", "dev.json.backup", "dev.json.lock", "dev.journal"], 0o600)


def test_equal_states_give_equal_bytes(tmp_path: Path) -> None:
    records = [Record(TRAINER, "i", {"env": {"A": "1", "B": "2"}}), Record(NET, "v")]
    turned = [Record(NET, "v"), Record(TRAINER, "i", {"env": {"B": "2", "A": "1"}})]
    texts = []
    for index, order in enumerate((records, turned)):
        local = LocalStore(tmp_path / f"{index}.json", randomness=bytes)
        local.save(replace(local.load(), records={record.address: record for record in order}))
        texts.append(local.path.read_text())
    assert texts[0] == texts[1]


def test_the_file_reads_well(tmp_path: Path) -> None:
    local = store(tmp_path, randomness=bytes)
    local.save(with_record(local.load(), id="i-1"))
    text = local.path.read_text()
    assert text.startswith('{\n  "version": 4,\n  "program": "')
    assert '  "records": {\n    "instance.trainer": {\n      "id": "i-1"\n    }\n  }\n}\n' in text


def test_a_secret_never_gets_into_a_file(tmp_path: Path) -> None:
    local = store(tmp_path)
    kept = local.save(local.save(local.load()))
    before = {path.name: path.read_bytes() for path in local.path.parent.iterdir()}
    leaky = replace(kept, records={TRAINER: Record(TRAINER, "i", {"env": {"TOKEN": Secret("hush", "env:TOKEN")}})})
    with pytest.raises(TypeError, match="env:TOKEN must not be written") as caught:
        local.save(leaky)
    assert "hush" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in local.path.parent.iterdir()} == before


def test_the_neighbours_of_an_environment_with_dots_are_its_own(tmp_path: Path) -> None:
    for name in ("dev", "dev.eu"):
        local = LocalStore(tmp_path / f"{name}.json")
        with locked_blocking(local, "apply"), local.journal(local.save(local.load())):
            assert (tmp_path / f"{name}.journal").exists()
            assert (tmp_path / f"{name}.json.lock").exists()


def good() -> dict[str, Any]:
    return {"version": 1, "program": "0.1.0", "lineage": "l", "key": "00", "serial": 3}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", r"dev\.json is empty"),
        (b"\n", r"dev\.json is empty"),
        (b"\x00" * 4096, r"dev\.json is empty"),
        (b'{\n "version": 1,\n "serial" 3}', r"dev\.json:3:11: the file is damaged: expecting ':' delimiter"),
        (b'{"version": 1, "lineage": "x', r"dev\.json:1:27: the file is damaged: unterminated string"),
        (b'{\n  "version": \xff\xfe}', r"dev\.json:2:14: the file is damaged: this is not text"),
        (b"\x00\x01\x02" * 100, r"dev\.json:1:1: the file is damaged"),
        (b"[" * 100_000, r"dev\.json is damaged: nested beyond all measure"),
        (b'{"version": 1, "serial": ' + b"9" * 5000 + b"}", r"dev\.json is damaged: exceeds the limit"),
        (b'{"version": 1, "serial": NaN}', r"dev\.json is damaged: the number NaN has no form in JSON"),
        (b"[]", r"dev\.json is not a state file of novita-infra"),
        (b"{}", r"dev\.json is not a state file of novita-infra"),
        (b'{"version": "1"}', r"dev\.json is not a state file of novita-infra"),
        ({"serial": "3"}, r"dev\.json is damaged: serial: a whole number is wanted, not text"),
        ({"records": []}, r"dev\.json is damaged: records: an object is wanted, not a list"),
        (
            {"records": {"trainer": {"id": ""}}},
            r"records\.trainer.*: an address such as instance\.trainer is wanted, not 'trainer'",
        ),
        ({"records": {"vpc.net": []}}, r"records\.vpc\.net: an object is wanted, not a list"),
        ({"records": {"vpc.net": {"id": 5}}}, r"records\.vpc\.net\.id: text is wanted, not a whole number"),
        ({"colour": "red"}, r"colour: this field is not known"),
        ({"seen": {"vpc": "x"}}, r"seen\.vpc: a list is wanted, not text"),
    ],
)
def test_a_damaged_file_is_named_with_the_place_and_the_way_back(tmp_path: Path, content: Any, says: str) -> None:
    local = LocalStore(tmp_path / "dev.json")
    local.path.write_bytes(content if isinstance(content, bytes) else json.dumps(good() | content).encode())
    with pytest.raises(Problems, match=says) as caught:
        local.load()
    assert "put back a copy" in str(caught.value)
    (tmp_path / "dev.json.backup").write_text("{}")
    with pytest.raises(Problems, match="novita-infra state repair puts together"):
        local.load()
    with pytest.raises(Problems, match=says):
        local.save(State("l", "00"))


@pytest.mark.parametrize("program", ["2.5.0", ""])
def test_a_newer_file_names_the_program_that_reads_it(tmp_path: Path, program: str) -> None:
    local = LocalStore(tmp_path / "dev.json")
    local.path.write_text(json.dumps(good() | {"version": 9, "program": program, "unheard": "of"}))
    wanted = "use novita-infra 2.5.0 or newer" if program else "use a newer novita-infra"
    with pytest.raises(Problems, match=f"has format 9, .* knows formats up to 4; {wanted}"):
        local.load()


def test_a_folder_in_the_place_of_the_file_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "dev.json").mkdir()
    with pytest.raises(Problems, match=r"dev\.json: is a directory"):
        LocalStore(tmp_path / "dev.json").load()


def test_a_file_in_the_place_of_the_folder_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    local = store(tmp_path)
    with pytest.raises(Problems, match=r"not a directory"):
        local.load()
    with pytest.raises(Problems, match=r"state"), locked_blocking(local, "apply"):
        pass
