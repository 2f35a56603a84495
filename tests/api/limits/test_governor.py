"""Who may call when: the governor in one process and in several, on made-up time, against pretended limits."""

from __future__ import annotations

import asyncio
import fcntl
import math
import os
import random
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import Bucket, Limit, Several, Sliding, Window
from virtual import VirtualClock

from novita_infra.api.limits.governor import Governor
from novita_infra.api.limits.rate import CEILING
from novita_infra.api.limits.shared_limits import (
    LEASE,
    AccountLimits,
    LimitsFile,
    OwnLimits,
    ProcessEntry,
    cache_folder,
    open_limits,
)

LATENCY = 0.05


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pace"


def limits_of(path: Path, clock: VirtualClock) -> AccountLimits:
    store = LimitsFile(path)
    with store.open(clock.now()) as limits:
        assert limits is not None
    store.close()
    return limits


class Service:
    """Answers after some time; counts what it took, what it refused and the most calls at once."""

    def __init__(self, clock: VirtualClock, limit: Limit | None = None, *, latency: float = LATENCY) -> None:
        self.clock, self.limit, self.latency = clock, limit, latency
        self.took = self.refused = self.running = self.most = 0
        self.last = 0.0

    async def call(self) -> float:
        """0 where it took the call, else after how many seconds it would."""
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            wait = self.limit.refuses(self.clock.now()) if self.limit else 0.0
            await self.clock.sleep(self.latency)
        finally:
            self.running -= 1
        self.refused += wait > 0
        self.took += wait == 0
        self.last = self.clock.now()
        return wait


async def call(governor: Governor, service: Service, jitter: random.Random, *, hint: Callable[[float], float]) -> int:
    """One call as the client makes it; how often it was sent."""
    for attempt in range(40):
        async with governor.slot() as slot:
            wait = await service.call()
            if not wait:
                governor.answered()
                return attempt + 1
            governor.throttled(slot, wait=hint(wait))
        await service.clock.sleep(hint(wait) + jitter.uniform(0, min(20.0, 0.5 * 2**attempt)))
    raise AssertionError("a call failed")


def share_out(calls: int, among: list[Governor], service: Service, *, hint: Callable[[float], float]) -> float:
    """Makes the calls through the governors at once; the seconds that it took to the last answer."""

    async def story() -> float:
        began = service.clock.now()
        jitter = random.Random(1)
        await asyncio.gather(
            *(call(among[at % len(among)], service, jitter, hint=hint) for at in range(calls)),
        )
        return service.last - began

    return service.clock.run(story())


def nothing(_: float) -> float:
    return 0.0


def exact(wait: float) -> float:
    return wait


def whole(wait: float) -> float:
    return math.ceil(wait)


@pytest.mark.slow
@pytest.mark.parametrize("hint", [nothing, exact, whole])
@pytest.mark.parametrize(
    ("limit", "at_least"),
    [
        (lambda: Bucket(10, stock=10), 0.9),
        (lambda: Bucket(10, stock=50), 0.9),
        # Whole seconds are more than a window asks for, and the rest of each second lies idle.
        (lambda: Window(10), 0.85),
        (lambda: Sliding(10), 0.75),
    ],
    ids=["bucket", "deep bucket", "window", "sliding"],
)
def test_two_processes_use_a_limit_without_a_failed_call(
    path: Path, hint: Callable[[float], float], limit: Callable[[], Limit], at_least: float
) -> None:
    clock = VirtualClock()
    service = Service(clock, limit())
    assert service.limit
    governors = [Governor(clock=clock, store=LimitsFile(path)) for _ in range(2)]
    took = share_out(500, governors, service, hint=hint)
    assert service.took == 500
    assert (500 - service.limit.stock) / service.limit.rate / took >= max(at_least, 0.85 if hint is nothing else 0)
    assert service.refused < 120


def test_a_service_that_takes_four_calls_at_once_is_learnt_too(path: Path) -> None:
    clock = VirtualClock()
    service = Service(clock, Several(4, seconds=LATENCY))
    governors = [Governor(clock=clock, store=LimitsFile(path)) for _ in range(2)]
    assert share_out(1600, governors, service, hint=nothing) <= 20 / 0.6  # 80 a second


def test_without_a_limit_the_calls_in_flight_grow_by_themselves() -> None:
    clock = VirtualClock()
    service = Service(clock)
    assert share_out(1000, [Governor(clock=clock)], service, hint=nothing) < 1.05
    assert service.most == CEILING


def test_two_processes_share_the_calls_in_flight(path: Path) -> None:
    clock = VirtualClock()
    service = Service(clock)
    governors = [Governor(clock=clock, store=LimitsFile(path)) for _ in range(2)]
    assert share_out(1000, governors, service, hint=nothing) < 1.2
    assert service.most == CEILING


def test_a_number_in_flight_that_is_asked_for_is_a_bound_and_is_used() -> None:
    clock = VirtualClock()
    service = Service(clock)
    assert share_out(1000, [Governor(clock=clock, most=10)], service, hint=nothing) == pytest.approx(5.0)
    assert service.most == 10


@settings(max_examples=draws(15), deadline=None)
@given(
    most=st.lists(st.none() | st.integers(1, 80), min_size=1, max_size=4),
    calls=st.integers(1, 80),
    latency=st.sampled_from([0.001, 0.05, 0.5]),
    limit=st.sampled_from([lambda: None, lambda: Bucket(20, stock=5), lambda: Several(3, seconds=0.2)]),
    hint=st.sampled_from([nothing, exact, whole]),
)
def test_never_more_calls_are_in_flight_than_may_be_and_every_call_gets_through(
    most: list[int | None],
    calls: int,
    latency: float,
    limit: Callable[[], Limit | None],
    hint: Callable[[float], float],
) -> None:
    clock = VirtualClock()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pace"
        service = Service(clock, limit(), latency=latency)
        governors = [Governor(clock=clock, most=one, store=LimitsFile(path)) for one in most]
        share_out(calls, governors, service, hint=hint)
        assert service.took == calls
        assert service.most <= min(max(CEILING, *(one or 0 for one in most)), sum(one or CEILING for one in most))
        limits = limits_of(path, clock)
        assert [entry.in_flight for entry in limits.processes] == [0] * len(limits.processes)
        assert 1 <= limits.pace.window <= max(CEILING, *(one or 0 for one in most))


@pytest.mark.parametrize("limit", [lambda: Bucket(10, stock=10), lambda: Several(1, seconds=LATENCY)])
def test_a_process_that_comes_late_is_not_starved(path: Path, limit: Callable[[], Limit]) -> None:
    clock = VirtualClock()
    service = Service(clock, limit())
    jitter = random.Random(1)
    first, second = (Governor(clock=clock, store=LimitsFile(path)) for _ in range(2))

    async def story() -> float:
        many = [asyncio.create_task(call(first, service, jitter, hint=nothing)) for _ in range(600)]
        await clock.sleep(5)
        began = clock.now()
        await asyncio.gather(*(call(second, service, jitter, hint=nothing) for _ in range(20)))
        took = clock.now() - began
        assert sum(one.done() for one in many) < 600
        await asyncio.gather(*many)
        return took

    assert clock.run(story()) < 20 * 2 / 10 + 3  # every second place, and a few to be refused


def test_a_limit_that_is_lifted_is_forgotten(path: Path) -> None:
    clock = VirtualClock()
    service = Service(clock, Bucket(10, stock=10))
    governor = Governor(clock=clock, store=LimitsFile(path))
    share_out(300, [governor], service, hint=nothing)
    service.limit = None
    took = share_out(2000, [Governor(clock=clock, store=LimitsFile(path))], service, hint=nothing)
    assert took < 40
    assert limits_of(path, clock).pace.rate(clock.now()) > 200


def test_the_limits_that_one_process_found_are_used_by_the_next(path: Path) -> None:
    clock = VirtualClock()
    service = Service(clock, Bucket(10, stock=1))
    share_out(100, [Governor(clock=clock, store=LimitsFile(path))], service, hint=nothing)
    before = service.refused
    share_out(20, [Governor(clock=clock, store=LimitsFile(path))], service, hint=nothing)
    assert service.refused - before <= 4


def test_calls_that_are_throttled_together_lower_the_limits_once() -> None:
    async def story() -> tuple[float, float]:
        store = OwnLimits()
        governor = Governor(clock=VirtualClock(), store=store)
        async with AsyncExitStack() as stack:
            for slot in [await stack.enter_async_context(governor.slot()) for _ in range(10)]:
                governor.throttled(slot, wait=0)
        with store.open(0) as limits:
            assert limits
            return limits.pace.round, limits.pace.window

    assert VirtualClock().run(story()) == (1, 7)


def test_after_a_throttling_no_process_calls_until_the_wait_is_over(path: Path) -> None:
    clock = VirtualClock()
    one, other = (Governor(clock=clock, store=LimitsFile(path)) for _ in range(2))

    async def story() -> list[float]:
        began = clock.now()
        async with one.slot() as slot:
            one.throttled(slot, wait=30)
            one.throttled(slot, wait=5)

        async def late(governor: Governor) -> float:
            async with governor.slot():
                return clock.now() - began

        return await asyncio.gather(*(late(governor) for governor in (one, other) * 3))

    assert min(clock.run(story())) >= 30


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans(), st.booleans()), max_size=20))
def test_a_cancelled_call_gives_its_place_back(calls: list[tuple[int, int, bool, bool]]) -> None:
    """Each call: how long it lasts, when it is cancelled, whether it is, and whether it is throttled."""
    clock = VirtualClock()

    async def one_call(governor: Governor, lasts: int, *, throttled: bool) -> None:
        async with governor.slot() as slot:
            await clock.sleep(lasts)
            if throttled:
                governor.throttled(slot, wait=1)
            else:
                governor.answered()

    async def cancel(task: asyncio.Task[None], after: int) -> None:
        await clock.sleep(after)
        task.cancel()

    async def story(path: Path) -> None:
        governors = [Governor(clock=clock, most=2, store=LimitsFile(path)) for _ in range(2)]
        tasks = [
            asyncio.create_task(one_call(governors[at % 2], lasts, throttled=throttled))
            for at, (lasts, _, _, throttled) in enumerate(calls)
        ]
        cancels = [
            asyncio.create_task(cancel(task, after))
            for task, (_, after, cancelled, _) in zip(tasks, calls, strict=True)
            if cancelled
        ]
        await asyncio.gather(*tasks, *cancels, return_exceptions=True)
        for governor in governors:
            assert governor.in_flight == 0
            await one_call(governor, 0, throttled=False)
        assert {entry.in_flight for entry in limits_of(path, clock).processes} <= {0}

    with TemporaryDirectory() as folder:
        clock.run(story(Path(folder) / "pace"))


def test_a_limit_below_one_is_no_limit() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Governor(clock=VirtualClock(), most=0)


# --- the file ---------------------------------------------------------------------------------------------------------


def leak(path: Path, clock: VirtualClock, *, pid: int, ago: float = 0) -> None:
    """Leaves the calls of a process that died so many seconds ago behind."""
    store = LimitsFile(path)
    with store.open(clock.now()) as limits:
        assert limits
        limits.processes.append(ProcessEntry(pid, 1, updated_at=clock.now() - ago, in_flight=CEILING, waiting=1))
    store.close()


def first_slot(store: LimitsFile, clock: VirtualClock) -> float:
    """The seconds until a new process gets to call."""

    async def story() -> float:
        began = clock.now()
        async with Governor(clock=clock, store=store).slot():
            return clock.now() - began

    return clock.run(story())


def test_the_calls_of_a_process_that_is_gone_do_not_count(path: Path) -> None:
    clock = VirtualClock()
    leak(path, clock, pid=77)
    assert first_slot(LimitsFile(path, alive=lambda pid: pid != 77), clock) == 0


def test_the_calls_of_a_process_that_is_not_heard_of_expire(path: Path) -> None:
    clock = VirtualClock()
    leak(path, clock, pid=os.getpid(), ago=LEASE - 10)
    assert first_slot(LimitsFile(path), clock) == pytest.approx(10, abs=0.1)


def test_a_killed_process_leaks_nothing(path: Path) -> None:
    program = f"""if True:
        import asyncio, os, pathlib, signal
        from novita_infra.api.limits.governor import Governor
        from novita_infra.api.limits.shared_limits import LimitsFile
        from novita_infra.model.clock import RealClock

        async def story():
            governor = Governor(clock=RealClock(), store=LimitsFile(pathlib.Path({str(path)!r})))
            for _ in range(10):
                await governor.slot().__aenter__()
            os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(story())
    """
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    clock = VirtualClock(start=path.stat().st_mtime)
    store = LimitsFile(path, alive=lambda _: True)
    with store.open(clock.now()) as limits:
        assert limits
        assert [entry.in_flight for entry in limits.processes] == [10]
    assert first_slot(LimitsFile(path), clock) == 0


@settings(deadline=None)
@given(data=st.data())
def test_a_damaged_limits_file_is_replaced(data: st.DataObject) -> None:
    clock = VirtualClock()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pace"
        leak(path, clock, pid=os.getpid())
        whole_file = path.read_bytes()
        at = data.draw(st.integers(0, len(whole_file) - 1))
        damaged = data.draw(
            st.binary(max_size=300)
            | st.just(whole_file[:at])
            | st.just(whole_file[:at] + bytes([whole_file[at] ^ 1]) + whole_file[at + 1 :])
        )
        path.write_bytes(damaged)
        assert first_slot(LimitsFile(path), clock) == 0


def test_an_old_limits_file_or_one_of_a_wrong_clock_is_replaced(path: Path) -> None:
    for off in (-3600.0, 3600.0):
        clock = VirtualClock()
        store = LimitsFile(path)
        with store.open(clock.now() + off) as limits:
            assert limits
            limits.pace.throttled(clock.now() + off, round=0, wait=60)
        assert first_slot(store, clock) == 0


def test_a_file_that_is_removed_meanwhile_is_made_again(path: Path) -> None:
    clock = VirtualClock()
    service = Service(clock)
    governors = [Governor(clock=clock, store=LimitsFile(path)) for _ in range(2)]
    share_out(10, governors, service, hint=nothing)
    path.unlink()
    share_out(10, governors, service, hint=nothing)
    assert len(limits_of(path, clock).processes) == 2


def test_a_file_that_is_always_locked_is_done_without(path: Path) -> None:
    clock = VirtualClock()
    store = LimitsFile(path)
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert first_slot(store, clock) < 10


class Failing(OwnLimits):
    """A store whose disk fails as a limits is put back."""

    @contextmanager
    def open(self, now: float) -> Iterator[AccountLimits | None]:
        with super().open(now) as limits:
            yield limits
        raise OSError("no space left on device")


def test_a_disk_that_fails_does_not_disturb_the_calls() -> None:
    clock = VirtualClock()
    service = Service(clock)
    governor = Governor(clock=clock, store=Failing())
    share_out(100, [governor], service, hint=nothing)
    assert (service.took, governor.in_flight) == (100, 0)


def test_the_limits_file_is_private_and_does_not_reveal_the_key(tmp_path: Path) -> None:
    clock = VirtualClock()
    folder = tmp_path / "cache"
    for url, key, bucket in [("a", "sk_one", ""), ("b", "sk_one", ""), ("a", "sk_two", ""), ("a", "sk_one", "bills")]:
        store = open_limits(folder, url=url, key=key, bucket=bucket, now=clock.now())
        with store.open(clock.now()):
            pass
        open_limits(folder, url=url, key=key, bucket=bucket, now=clock.now()).close()
        store.close()
    files = list(folder.iterdir())
    assert len(files) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not any(b"sk_" in file.name.encode() + file.read_bytes() for file in files)


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.touch(mode=0o666)
    path.chmod(0o666)
    LimitsFile(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_in_its_place_is_not_followed(path: Path) -> None:
    target = path.with_name("precious")
    target.write_text("keep me")
    path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic link"):
        LimitsFile(path)
    assert target.read_text() == "keep me"


def test_where_no_file_can_be_kept_a_process_goes_by_itself(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert isinstance(open_limits(tmp_path / "file" / "cache", url="a", key="b", now=0), OwnLimits)


def test_limits_files_without_use_for_days_are_removed(tmp_path: Path) -> None:
    now = 1_790_000_000
    for name, age in [("pace-old", 3 * 86400), ("pace-new", 3600), ("other", 3 * 86400)]:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (now - age, now - age))
    open_limits(tmp_path, url="a", key="b", now=now).close()
    assert {file.name for file in tmp_path.iterdir()} > {"pace-new", "other"}
    assert not (tmp_path / "pace-old").exists()


def test_a_process_that_ends_leaves_the_board(path: Path) -> None:
    clock = VirtualClock()
    governor = Governor(clock=clock, store=LimitsFile(path))
    share_out(3, [governor], Service(clock), hint=nothing)
    assert len(limits_of(path, clock).processes) == 1
    governor.close()
    assert limits_of(path, clock).processes == []


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"NOVITA_INFRA_CACHE": "/x", "HOME": "/home/a"}, "/x"),
        ({"XDG_CACHE_HOME": "/c", "HOME": "/home/a"}, "/c/novita-infra"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/a"}, "/home/a/.cache/novita-infra"),
        ({}, None),
    ],
)
def test_the_environment_says_where_the_files_are(environ: dict[str, str], folder: str | None) -> None:
    assert cache_folder(environ) == (Path(folder) if folder else None)
