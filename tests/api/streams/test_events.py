"""Server-sent events in pieces of any size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.api.streams.events import LARGEST, EventReader

_LINES = st.sampled_from(
    [
        "data: one",
        "data:two",
        "data",
        ": comment",
        "event: x",
        "id: 1",
        "retry: 5",
        "",
        "data: \u00fc\u2028x",
        "junk",
        "\rdata: x",
    ]
)


def read_all(pieces: list[bytes]) -> list[str]:
    reader = EventReader()
    found = [data for piece in pieces for data in reader.read(piece)]
    return found + reader.read(b"", final=True)


def test_events_are_read_with_every_end_of_line() -> None:
    for end in ("\n", "\r\n", "\r"):
        text = end.join(["event: x", "data: a", "data: b", "", ": ping", "", "data:c", "", ""])
        assert read_all([text.encode()]) == ["a\nb", "c"]


def test_the_data_of_an_event_that_nothing_ends_counts() -> None:
    assert read_all([b"data: a\n\ndata: last"]) == ["a", "last"]


@given(st.lists(_LINES, max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 200), max_size=12))
def test_the_size_of_the_pieces_changes_nothing(lines: list[str], end: str, cuts: list[int]) -> None:
    body = "".join(f"{line}{end}" for line in lines).encode()
    places = sorted({min(cut, len(body)) for cut in cuts})
    bounds = list(zip([0, *places], [*places, len(body)], strict=True))
    assert read_all([body[begin:stop] for begin, stop in bounds]) == read_all([body])


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_any_bytes_are_read(pieces: list[bytes]) -> None:
    assert all(isinstance(data, str) for data in read_all(pieces))


def test_an_endless_event_is_cut() -> None:
    reader = EventReader()
    for _ in range(12):
        assert reader.read(b"data: " + b"x" * 2**20) == []
    (data,) = reader.read(b"\n\n")
    assert len(data) < LARGEST
    for _ in range(12):
        reader.read(b"data: " + b"x" * 2**20 + b"\n")
    (data,) = reader.read(b"\n")
    assert len(data) <= LARGEST + 12
