"""Processes that read and write the same objects or the same state at once, while they are paused, killed and cut off.

`main` is one of these processes: each line of its input is a race, whose steps it prints.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

import forking
from fault_proxy import FaultProxy, fault_proxy
from folder_objects import FolderObjects
from linearizability import ANY, FOREVER, Operation
from object_places import BY_NAME
from server_places import postgres_objects, postgres_settings, s3_objects
from servers import address_of
from state_backends import BACKENDS

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.locks.locking import locked_blocking
from novita_infra.state.objects.objects import ABSENT, AnswerLost, Conflict, ObjectChange, Objects, OutOfReach

CARELESS: Final = "careless"
STATE: Final = "state"
"""The key of the operations on a whole state."""
_FAULTS: Final = ("none", "none", "pause", "pause", "kill", "cut sent", "cut answered")
_SERVERS: Final = {"postgres": "postgres", "s3-moto": "moto", "s3-seaweedfs": "seaweedfs"}
"""The servers before which a proxy stands that cuts connections."""


@dataclass
class _Racer:
    """One process of a race."""

    process: subprocess.Popen[str]

    def send(self, order: Any) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(f"{json.dumps(order)}\n")
            self.process.stdin.flush()

    def steps(self) -> Iterator[Any]:
        """What it prints until it is through with the race, or dies."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line == "through\n":
                return
            with suppress(ValueError):  # the last line of a killed process
                yield json.loads(line)

    def signal(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


@dataclass
class Racecourse:
    """Where processes race: one place of objects, or one state."""

    place: str
    folder: Path
    random: Random
    states: bool
    """Whether they race with runs on a state, and not with calls on objects."""
    proxy: FaultProxy | None = None
    _racers: list[_Racer] = field(default_factory=list)
    _count: int = 0

    def race(self, *, racers: int = 3, steps: int = 5) -> list[Operation]:
        """The history of one race, with one fault, and with what is there at its end."""
        self._count += 1
        while len(self._racers) < racers:
            self._racers.append(self._start())
        name = f"{self.place}-{self._count}"
        for number, racer in enumerate(self._racers):
            racer.send({"race": name, "racer": number, "steps": steps, "seed": self.random.getrandbits(32)})
        self._disturb(self.random.choice(_FAULTS))
        history = [item for number in range(racers) for item in _history(number, self._racers[number].steps())]
        if self.proxy is not None:
            self.proxy.heal()
        for racer in [item for item in self._racers if item.process.poll() is not None]:
            racer.close()
            self._racers.remove(racer)
        looker = self._start()
        looker.send({"race": name, "racer": racers, "steps": 0, "seed": 0})
        history += _history(racers, looker.steps())
        self._racers.append(looker)
        return history

    def close(self) -> None:
        for racer in self._racers:
            racer.close()

    def _start(self) -> _Racer:
        if len(self._racers) > 2:
            return self._racers.pop()
        address = self.proxy.address if self.proxy is not None else ""
        return _Racer(
            forking.start(
                "from racing import main; main()",
                *(self.place, str(self.folder), address, "states" if self.states else "objects"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(forking.ROOTS)},
            )
        )

    def _disturb(self, fault: str) -> None:
        """Makes a fault a moment after the begin of a race."""
        long = 2.0 if self.states else 0.05
        time.sleep(self.random.uniform(0, long / 2))
        victim = self.random.choice(self._racers)
        if fault == "kill":
            victim.signal(signal.SIGKILL)
        elif fault == "pause":
            victim.signal(signal.SIGSTOP)
            time.sleep(self.random.uniform(0, 2 * long))
            victim.signal(signal.SIGCONT)
        elif fault != "none" and self.proxy is not None:
            self.proxy.cut_after(**{fault.removeprefix("cut "): self.random.randrange(600)})
            time.sleep(self.random.uniform(0, long))
            self.proxy.heal()


@contextmanager
def racecourse(place: str, folder: Path, random: Random, *, states: bool = False) -> Iterator[Racecourse]:
    """A racecourse with its processes, which end with it. Servers get a proxy that cuts connections."""
    with ExitStack() as stack:
        course = Racecourse(place, folder, random, states)
        if place in _SERVERS and not states:
            address = urlsplit(address_of(_SERVERS[place]))
            course.proxy = stack.enter_context(fault_proxy(str(address.hostname), address.port or 5432))
        stack.callback(course.close)
        yield course


def _history(racer: int, steps: Iterator[Any]) -> Iterator[Operation]:
    """The operations of one process. Each step is printed at its begin, and again with its result at its end."""
    begun: Any = None
    for step in steps:
        if "result" not in step:
            begun = step
            continue
        if step["result"] != "nothing":  # out of reach: it was not carried out
            end = FOREVER if step["result"] == "unknown" else step["end"]
            yield Operation(
                racer, begun["key"], begun["begin"], end, step["result"], step["content"], begun["expected"]
            )
        begun = None
    if begun is not None and begun["write"]:
        yield Operation(racer, begun["key"], begun["begin"], FOREVER, "unknown", begun["content"], begun["expected"])


class _Reporter:
    """Prints the steps of a process."""

    def begin(self, key: str, *, content: str | None = None, expected: str | None = ANY, write: bool) -> None:
        self._content = content
        self._print({"key": key, "content": content, "expected": expected, "write": write, "begin": _now()})

    def end(self, result: str, content: str | None = None) -> None:
        self._print({"result": result, "content": content if result == "read" else self._content, "end": _now()})

    def _print(self, step: Any) -> None:
        _say(json.dumps(step))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)  # the same for all processes


class CarelessObjects(FolderObjects):
    """Objects that compare a version and write a moment later: two writers may both win. The check must find that."""

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        versions: list[str] = []
        for change in changes:
            found = self.read(change.key)
            if change.expected not in {None, found.version if found else ABSENT}:
                raise Conflict(change.key)
            time.sleep(0.001)
            versions += super().write([replace(change, expected=None)])
        return versions


def _open(place: str, folder: Path, proxy: str) -> Objects:
    if place == CARELESS:
        return CarelessObjects(folder, atomic=False)
    if not proxy:
        return BY_NAME[place](folder)()
    if place == "postgres":
        url = urlsplit(str(postgres_settings(folder)["url"]))
        return postgres_objects(folder, url=url._replace(netloc=f"{url.username}@{proxy}").geturl())
    return s3_objects(_SERVERS[place], folder, endpoint=f"http://{proxy}")


def _race_on_objects(objects: Objects, order: Any, reporter: _Reporter) -> None:
    """Makes random calls on two keys, which nobody has used before this race."""
    random, keys = Random(order["seed"]), [f"{order['race']}/{name}" for name in "ab"]
    seen: dict[str, tuple[str, str | None]] = dict.fromkeys(keys, (ABSENT, None))

    def read(key: str) -> None:
        reporter.begin(key, write=False)
        try:
            found = objects.read(key)
        except (OutOfReach, Problems):
            reporter.end("nothing")
            return
        seen[key] = (found.version, found.data.decode()) if found else (ABSENT, None)
        reporter.end("read", seen[key][1])

    for step in range(order["steps"]):
        key = random.choice(keys)
        if random.random() < 0.4:
            read(key)
            continue
        content = None if random.random() < 0.2 else f"{order['racer']}.{step}"
        expected, expected_content = (None, ANY) if random.random() < 0.2 else seen[key]
        reporter.begin(key, content=content, expected=expected_content, write=True)
        try:
            (version,) = objects.write([ObjectChange(key, content.encode() if content else None, expected)])
        except Conflict:
            reporter.end("conflict")
            read(key)
        except OutOfReach:
            reporter.end("nothing")
        except (AnswerLost, Problems):
            reporter.end("unknown")
        else:
            reporter.end("done")
            seen[key] = (version, content)
    if not order["steps"]:
        for key in keys:
            read(key)


def _race_on_state(place: str, folder: Path, order: Any, reporter: _Reporter) -> None:
    """Reads the state, and adds records to it by runs that hold the lock. The content of a state is their ids."""
    random, environment = Random(order["seed"]), order["race"]

    def content(records: Any) -> str | None:
        return ",".join(sorted(item.id for item in records.values())) or None

    def read() -> None:
        reporter.begin(STATE, write=False)
        reporter.end("read", content(store.load().records))

    store = BACKENDS[place].open(folder).store(environment)
    for step in range(order["steps"]):
        if random.random() < 0.3:
            read()
            continue
        writes = False
        try:
            with locked_blocking(store, "apply", max_wait=20):
                state = store.load()
                known = dict(state.records)
                with store.journal(state) as journal:
                    for number in range(random.randrange(1, 3)):
                        id = f"{order['racer']}.{step}.{number}"
                        record = Record(Address("instance", f"a{id.replace('.', '-')}"), id)
                        before = content(known)
                        known[record.address] = record
                        reporter.begin(STATE, content=content(known), expected=before, write=True)
                        writes = True
                        asyncio.run(journal.put(record, "changed"))
                        writes = False
                        reporter.end("done")
        except Problems:
            if writes:
                reporter.end("unknown")
    if not order["steps"]:
        read()


def main() -> None:
    place, folder, proxy, what = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    reporter = _Reporter()
    objects = None if what == "states" else _open(place, folder, proxy)
    for line in sys.stdin:
        if objects is None:
            _race_on_state(place, folder, json.loads(line), reporter)
        else:
            _race_on_objects(objects, json.loads(line), reporter)
        _say("through")
