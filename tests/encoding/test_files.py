"""Files whose length nobody vouches for."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from novita_infra.encoding.files import read_file


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
