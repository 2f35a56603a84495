"""The files of finished tasks: small, valid pictures, videos and sounds that depend only on the task."""

from __future__ import annotations

import io
import math
import struct
import time
import wave
import zlib
from base64 import b64decode
from calendar import timegm
from collections.abc import Callable, Mapping
from typing import Final

from novita_infra.simulator.world.engine.llm_records import Task
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import tasks

_DATE: Final = "%Y%m%dT%H%M%SZ"
_SIDE: Final = 64
"""Width and height of a picture in pixels; a multiple of 8."""
_RATE: Final = 8000
"""Samples of a sound per second."""
_LONGEST: Final = 10.0
"""The longest sound in seconds."""
_WEBP: Final = b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
"""A WebP picture of one pixel."""


def signed_query(world: World, task: Task, number: int, *, at: float) -> str:
    """The query of the address of a result: it stands for the key until it expires, as one that S3 has signed."""
    date = time.strftime(_DATE, time.gmtime(at))
    return f"X-Amz-Date={date}&X-Amz-Expires={world.timings.link_kept:.0f}&{_signature(world, task, number, date)}"


def refused_query(world: World, task: Task, number: int, query: Mapping[str, str]) -> str:
    """Why an address with this query is refused; empty if it is not."""
    date, signature = query.get("X-Amz-Date", ""), query.get("X-Amz-Signature", "")
    if f"X-Amz-Signature={signature}" != _signature(world, task, number, date):
        return "the signature is wrong"
    if world.moment > timegm(time.strptime(date, _DATE)) + world.timings.link_kept:
        return "Request has expired"
    return ""


def _signature(world: World, task: Task, number: int, date: str) -> str:
    return f"X-Amz-Signature={world.draw('result', task.id, str(number), date, length=64)}"


def result_file(task: Task, number: int) -> str:
    """The name of the file of a result, counted from 0."""
    return f"{number}.{_ENDINGS.get(task.media) or task.format}"


def result_bytes(task: Task, number: int) -> tuple[bytes, str]:
    """The bytes of a result, and their media type."""
    media, make = _FORMATS[result_file(task, number).partition(".")[2]]
    return make(task, number), media


def sound_seconds(text: str) -> float:
    """The duration of a spoken text."""
    return round(0.3 * len(text.split()), 1)


def is_made(task: Task, name: str) -> bool:
    """Whether the task has a result in a file of this name."""
    return task.status == tasks.SUCCEED and name in {result_file(task, number) for number in range(task.units)}


def _png(task: Task, number: int) -> bytes:
    colour = zlib.crc32(f"{task.id}/{number}".encode())
    row = b"".join(bytes((colour & 255, (colour >> 8) & 255, 4 * column)) for column in range(_SIDE))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)),
        (b"tEXt", b"Comment\0" + _comment(task, number)),
        (b"IDAT", zlib.compress((b"\0" + row) * _SIDE)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _jpeg(task: Task, number: int) -> bytes:
    """A grey picture: every block of 8 x 8 pixels is two bits, a difference of 0 and the end of the block."""
    blocks = (_SIDE // 8) ** 2
    tables = ((0xDB, bytes((0, *[1] * 64))), (0xC4, bytes((0x00, 1, *[0] * 16))), (0xC4, bytes((0x10, 1, *[0] * 16))))
    segments = (
        (0xE0, b"JFIF\0" + struct.pack(">HBHHBB", 0x0101, 0, 1, 1, 0, 0)),
        (0xFE, _comment(task, number)),
        *tables,
        (0xC0, struct.pack(">BHHBBBB", 8, _SIDE, _SIDE, 1, 1, 0x11, 0)),
        (0xDA, bytes((1, 1, 0x00, 0, 63, 0))),
    )
    head = b"".join(struct.pack(">BBH", 0xFF, mark, len(data) + 2) + data for mark, data in segments)
    return b"\xff\xd8" + head + bytes(blocks * 2 // 8) + b"\xff\xd9"


def _webp(_task: Task, _number: int) -> bytes:
    return _WEBP


def _mp4(task: Task, number: int) -> bytes:
    """A video without tracks: the boxes that every reader of MP4 requires, and the data."""
    duration, no_pause = 0, bytes(10)
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    header = struct.pack(">IIIIIIH", 0, 0, 0, 1000, duration, 0x10000, 0x0100) + no_pause + matrix + bytes(24)
    movie = _box(b"mvhd", header + struct.pack(">I", 1))
    kind = b"isom" + struct.pack(">I", 512) + b"isomiso2mp41"
    return _box(b"ftyp", kind) + _box(b"moov", movie) + _box(b"mdat", _comment(task, number))


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


def _wav(task: Task, number: int) -> bytes:
    """A tone, as long as the text takes."""
    pitch = 220 + 20 * (zlib.crc32(f"{task.id}/{number}".encode()) % 30)
    count = int(_RATE * min(max(sound_seconds(task.text), 0.3), _LONGEST))
    target = io.BytesIO()
    with wave.open(target, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(_RATE)
        sound.writeframes(bytes(128 + round(100 * math.sin(math.tau * pitch * at / _RATE)) for at in range(count)))
    return target.getvalue()


def _comment(task: Task, number: int) -> bytes:
    return f"novita-infra simulator: result {number} of task {task.id}".encode("ascii")


_ENDINGS: Final[Mapping[str, str]] = {"video": "mp4", "audio": "wav"}
"""The endings of files by media. A picture has the ending that the request asks for."""
_FORMATS: Final[Mapping[str, tuple[str, Callable[[Task, int], bytes]]]] = {
    "png": ("image/png", _png),
    "jpeg": ("image/jpeg", _jpeg),
    "webp": ("image/webp", _webp),
    "mp4": ("video/mp4", _mp4),
    "wav": ("audio/wav", _wav),
}
"""Media type and maker by ending."""
