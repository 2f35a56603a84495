"""Files whose length nobody vouches for, and files that get a new text."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from novita_infra.encoding.files import put_in_place, read_file


def test_a_file_up_to_the_most_bytes_is_read_and_no_longer_one(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert read_file(file, most=5) == b"12345"
    with pytest.raises(OSError, match="it has 5 bytes or more, and at most 4 are read") as caught:
        read_file(file, most=4)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(file))


def test_the_length_counts_before_anything_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    os.truncate(file, 1 << 40)
    with pytest.raises(OSError, match="1,099,511,627,776 bytes"):
        read_file(file)


def test_a_device_that_never_ends_is_read_no_further() -> None:
    with pytest.raises(OSError, match="at most 9 are read"):
        read_file(Path("/dev/zero"), most=9)
    assert read_file(Path("/dev/null")) == b""


def test_a_file_keeps_its_mode_and_its_link_and_a_new_one_may_be_read_by_all(tmp_path: Path) -> None:
    file, link, new = tmp_path / "file", tmp_path / "link", tmp_path / "new"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    put_in_place(link, b"text")
    put_in_place(new, b"text")
    assert (link.is_symlink(), file.read_bytes(), file.stat().st_mode & 0o777) == (True, b"text", 0o640)
    assert (new.read_bytes(), new.stat().st_mode & 0o777) == (b"text", 0o644)
    assert sorted(tmp_path.iterdir()) == [file, link, new]


def test_a_file_that_cannot_be_replaced_is_named_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        put_in_place(folder, b"text")
    assert [*tmp_path.iterdir()] == [folder]
