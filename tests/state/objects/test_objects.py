"""Every implementation of Objects: conditional writes decide between writers, and reads see what was confirmed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from object_places import AT_ONCE, BY_NAME
from state_backends import cases

from novita_infra.state.objects.objects import ABSENT, Conflict, Object, ObjectChange, Objects


@pytest.fixture(params=cases(BY_NAME))
def name(request: pytest.FixtureRequest) -> str:
    """The name of the place."""
    return str(request.param)


@pytest.fixture
def open_again(name: str, tmp_path: Path) -> Callable[[], Objects]:
    """Opens the same place again, as another process does."""
    return BY_NAME[name](tmp_path)


@pytest.fixture
def objects(open_again: Callable[[], Objects]) -> Objects:
    """An empty place."""
    return open_again()


def put(objects: Objects, key: str, data: bytes, expected: str | None = None) -> str:
    """Writes one object, and returns the version that the place says it has, which must be that of a read."""
    (version,) = objects.write([ObjectChange(key, data, expected)])
    assert version == version_of(objects, key)
    return version


def version_of(objects: Objects, key: str) -> str:
    found = objects.read(key)
    return found.version if found else ABSENT


def data_of(objects: Objects, key: str) -> bytes | None:
    found = objects.read(key)
    return found.data if found else None


def test_an_empty_place_has_no_objects(objects: Objects) -> None:
    assert objects.read("dev/head") is None
    assert list(objects.keys("")) == []
    assert dict(objects.read_all("dev/")) == {}


@pytest.mark.parametrize("data", [b"", b"\0\xff\r\n", b"blob 3\0abc", "Größe\n".encode(), bytes(range(256)) * 40])
def test_an_object_is_read_as_it_was_written(open_again: Callable[[], Objects], data: bytes) -> None:
    writer, reader = open_again(), open_again()
    assert reader.read("dev/head") is None
    version = put(writer, "dev/head", data)
    assert reader.read("dev/head") == Object(data, version)
    assert open_again().read("dev/head") == Object(data, version)


def test_a_snapshot_reads_what_was_confirmed_before_it(name: str, open_again: Callable[[], Objects]) -> None:
    writer, reader = open_again(), open_again()
    assert reader.snapshot().read("dev/head") is None
    version = put(writer, "dev/head", b"1")
    put(writer, "dev/states/a", b"a")
    snapshot = reader.snapshot()
    put(writer, "dev/head", b"2")
    assert snapshot.read("dev/head") == (Object(b"1", version) if name.startswith("git") else reader.read("dev/head"))
    assert [*snapshot.keys("dev/")] == ["dev/head", "dev/states/a"]
    assert snapshot.read_all("dev/states/").keys() == {"dev/states/a"}
    assert snapshot.describe("dev/head") == reader.describe("dev/head")
    assert data_of(reader, "dev/head") == b"2"


def test_objects_are_listed_sorted_by_prefix(open_again: Callable[[], Objects]) -> None:
    objects = open_again()
    keys = [
        "dev/head",
        "dev/journal/00000001-5-aa/00000000",
        "dev/states/a",
        "dev.eu/head",
        "Dev/head",
        "locks",
        "d%2Fv/~_-",
    ]
    objects.write([ObjectChange(key, key.encode(), ABSENT) for key in keys])
    for place in (objects, open_again()):
        assert list(place.keys("")) == sorted(keys)
        assert list(place.keys("dev/")) == ["dev/head", "dev/journal/00000001-5-aa/00000000", "dev/states/a"]
        assert list(place.keys("dev")) == ["dev.eu/head", *place.keys("dev/")]
        assert list(place.keys("lock")) == ["locks"]
        found = place.read_all("dev/")
        assert [(key, item.data.decode()) for key, item in found.items()] == [(key, key) for key in place.keys("dev/")]
        assert all(item == place.read(key) for key, item in found.items())


@pytest.mark.parametrize("key", ["dev/head", "locks"])
def test_a_new_object_must_not_exist(open_again: Callable[[], Objects], key: str) -> None:
    one, two = open_again(), open_again()
    assert two.read(key) is None
    put(one, key, b"1", ABSENT)
    for place in (one, two, open_again()):
        with pytest.raises(Conflict) as caught:
            place.write([ObjectChange(key, b"2", ABSENT)])
        assert caught.value.key == key
    assert data_of(two, key) == b"1"


@pytest.mark.parametrize("key", ["dev/head", "locks"])
def test_a_change_needs_the_version_that_was_read(open_again: Callable[[], Objects], key: str) -> None:
    one, two = open_again(), open_again()
    first = put(one, key, b"1", ABSENT)
    assert version_of(two, key) == first
    second = put(two, key, b"2", first)
    assert second != first
    with pytest.raises(Conflict):
        one.write([ObjectChange(key, b"3", first)])
    with pytest.raises(Conflict):
        one.write([ObjectChange(key, None, first)])
    assert data_of(one, key) == b"2"
    put(one, key, b"3", second)
    assert data_of(two, key) == b"3"


def test_a_version_of_an_object_that_is_gone_is_a_conflict(open_again: Callable[[], Objects]) -> None:
    one, two = open_again(), open_again()
    version = put(one, "dev/head", b"1")
    two.write([ObjectChange("dev/head", None, version)])
    with pytest.raises(Conflict):
        one.write([ObjectChange("dev/head", b"2", version)])
    assert one.read("dev/head") is None
    put(one, "dev/head", b"2", ABSENT)
    assert data_of(two, "dev/head") == b"2"


def test_a_change_without_an_expected_version_overwrites(open_again: Callable[[], Objects]) -> None:
    one, two = open_again(), open_again()
    put(one, "dev/head", b"1")
    put(two, "dev/head", b"2")
    put(one, "dev/head", b"3")
    assert data_of(two, "dev/head") == b"3"


def test_deleting_what_does_not_exist_does_nothing(objects: Objects) -> None:
    assert [*objects.write([ObjectChange("dev/head", None)])] == [ABSENT]
    absent, _ = objects.write([ObjectChange("dev/head", None, ABSENT), ObjectChange("dev/states/a", b"1", ABSENT)])
    gone = objects.write([ObjectChange("dev/states/a", None), ObjectChange("dev/states/b", None)])
    assert [absent, *gone] == [ABSENT, ABSENT, ABSENT]
    assert list(objects.keys("")) == []


def test_the_same_content_can_be_written_again(open_again: Callable[[], Objects]) -> None:
    one, two = open_again(), open_again()
    version = put(one, "dev/head", b"1", ABSENT)
    assert data_of(two, "dev/head") == b"1"
    put(one, "dev/head", b"2", version)
    with pytest.raises(Conflict):  # what this one knows is old, although the content is the same as then
        two.write([ObjectChange("dev/head", b"1", version)])


def test_a_write_with_a_conflict_makes_no_later_change(open_again: Callable[[], Objects], name: str) -> None:
    objects = open_again()
    put(objects, "dev/head", b"1")
    changes = [
        ObjectChange("dev/states/a", b"a", ABSENT),
        ObjectChange("dev/head", b"2", ABSENT),
        ObjectChange("dev/states/b", b"b", ABSENT),
    ]
    with pytest.raises(Conflict) as caught:
        objects.write(changes)
    assert caught.value.key == "dev/head"
    made = [] if name in AT_ONCE else ["dev/states/a"]
    assert list(open_again().keys("dev/states/")) == made
    assert data_of(objects, "dev/head") == b"1"


def test_writers_of_different_objects_do_not_disturb_each_other(open_again: Callable[[], Objects]) -> None:
    places = {name: open_again() for name in ("dev", "prod")}
    versions = dict.fromkeys(places, ABSENT)
    for number in range(3):
        for name, place in places.items():
            versions[name] = put(place, f"{name}/head", b"%d" % number, versions[name])
    assert {key: item.data for key, item in open_again().read_all("").items()} == {"dev/head": b"2", "prod/head": b"2"}


def test_one_of_many_writers_at_once_wins(open_again: Callable[[], Objects]) -> None:
    places = [open_again() for _ in range(4)]
    start, won = threading.Barrier(len(places)), list[int]()

    def write(number: int) -> None:
        start.wait()
        with suppress(Conflict):
            places[number].write([ObjectChange("dev/head", b"%d" % number, ABSENT)])
            won.append(number)

    run_all([lambda number=number: write(number) for number in range(len(places))])
    assert len(won) == 1
    assert data_of(open_again(), "dev/head") == b"%d" % won[0]


def test_many_writers_at_once_lose_no_update(open_again: Callable[[], Objects]) -> None:
    """Each adds to one counter by compare-and-swap, and creates objects of its own, on one instance for two threads."""
    places = [open_again() for _ in range(2)]

    def count(place: Objects, name: str) -> None:
        for number in range(3):
            while True:
                found = place.read("dev/count")
                text = b"%d" % (int(found.data) + 1 if found else 1)
                with suppress(Conflict):
                    place.write([ObjectChange("dev/count", text, found.version if found else ABSENT)])
                    break
            place.write([ObjectChange(f"{name}/{number}", name.encode(), ABSENT)])

    run_all(
        [
            lambda place=place, name=f"w{number}{half}": count(place, name)
            for number, place in enumerate(places)
            for half in "ab"
        ]
    )
    assert data_of(open_again(), "dev/count") == b"12"
    assert len(open_again().keys("w")) == 12


def run_all(works: list[Callable[..., Any]]) -> None:
    """Runs the functions in threads of their own. Raises the first error of any."""
    errors: list[BaseException] = []

    def run(work: Callable[..., Any]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.slow
def test_an_object_of_twenty_megabytes_is_kept_whole(open_again: Callable[[], Objects]) -> None:
    data = bytes(range(251)) * 80_000
    put(open_again(), "dev/states/a", data, ABSENT)
    assert data_of(open_again(), "dev/states/a") == data


def test_a_place_is_described_with_its_objects(objects: Objects) -> None:
    assert objects.describe()
    assert "dev/head" in objects.describe("dev/head")
    assert objects.describe("dev/head") != objects.describe("locks")
