"""The world: all records, the clock, and the agenda of scheduled events.

Time passes only in `advance`. There is no timer, no thread and no wall clock, and the same seed gives the same ids.
"""

from __future__ import annotations

import hashlib
import heapq
from base64 import b32hexencode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from novita_infra.simulator.faults.model import Faults
from novita_infra.simulator.profiles import LIVE, Quirks
from novita_infra.simulator.world.engine.account_file import AccountFile
from novita_infra.simulator.world.engine.account_records import Account, ApiKey, Meter, Payment, TeamBudget, Term, Usage
from novita_infra.simulator.world.engine.cloud_records import CloudTables
from novita_infra.simulator.world.engine.contents import Contents
from novita_infra.simulator.world.engine.keys import Keys
from novita_infra.simulator.world.engine.llm_records import Batch, Delivery, File, Task
from novita_infra.simulator.world.engine.rates import Rates
from novita_infra.simulator.world.engine.records import Ahead, Price, ScenarioEvent, Stock, WorldRecord
from novita_infra.simulator.world.engine.settings import Limits, Timings
from novita_infra.simulator.world.engine.tables import R, Table


@dataclass(slots=True)
class MoneySums:
    """Sums over the money of the account, so that the balance need not read every meter. Computed on opening."""

    settled: int = 0
    """Top-ups minus all ended costs, in 1/100000 USD."""
    rate: int = 0
    """The cost of the running meters: the sum of price and units by day."""
    begun: int = 0
    """The sum of the same products, each times the second at which its meter began."""


OnEvent = Callable[["World", Any, str], None]
"""Handles an event of a record."""


class World(CloudTables):
    """One account and the cloud around it. `open_world` creates one."""

    unlisted: tuple[str, ...] = ()
    """Patterns of repositories that the list of images does not show: those of foreign registries."""

    def __init__(
        self,
        *,
        now: Callable[[], float],
        seed: int,
        quirks: Quirks = LIVE,
        limits: Limits | None = None,
        timings: Timings | None = None,
        records: Mapping[str, type[WorldRecord]],
        arrive: Mapping[str, OnEvent],
        book: AccountFile | None = None,
    ) -> None:
        self.seed = seed
        self.quirks = quirks
        self.limits = limits or Limits()
        self.timings = timings or Timings()
        self.clock = now
        self.offset = 0.0
        self.moment = now()
        """The time of the present event, Unix seconds."""
        self.keys = Keys()
        self.faults = Faults(dice=self._fault_dice, on_stale=self._remember)
        self.calls: Counter[str] = Counter()
        """The number of calls of each operation, by its name."""
        self.tables: dict[str, Table[Any]] = {}
        self.used: Counter[tuple[str, str]] = Counter()
        """Places taken by product and cluster."""
        super().__init__(self._table)
        self.meters = self._table("meters", Meter)
        self.payments = self._table("payments", Payment)
        self.terms = self._table("terms", Term)
        self.accounts = self._table("accounts", Account)
        self.budgets = self._table("budgets", TeamBudget)
        self.stock = self._table("stock", Stock)
        self.prices = self._table("prices", Price)
        self.scenario_events = self._table("happenings", ScenarioEvent)
        self.files = self._table("files", File)
        self.batches = self._table("batches", Batch)
        self.tasks = self._table("tasks", Task)
        self.deliveries = self._table("deliveries", Delivery)
        self.usages = self._table("usages", Usage)
        self.api_keys = self._table("api_keys", ApiKey)
        self._by_record = {record: self._table(name, record) for name, record in records.items()}
        self.contents = Contents(book)
        self.rates = Rates()
        self.unpullable: tuple[str, ...] = ()
        """Patterns of images that cannot be pulled, besides the names with UNPULLABLE."""
        self.sums = MoneySums()
        self.others: set[str] = set()
        """The ids of objects that others have created in this account since it was opened."""
        self.made_by_v2: set[str] = set()
        """The ids of objects that were created through v2 since the account was opened."""
        self._arrive = arrive
        self._agenda: list[tuple[float, str, str]] = []
        self._ids = 0
        self._throws = 0
        self._lag = 0.0
        self._book = book
        self.unsaved: OSError | None = None
        """Why the account file lacks the last changes; None if it has them."""
        self.on_unsaved: Callable[[OSError], None] = lambda _: None
        """Gets the reason when changes begin to stay unsaved."""

    def _table(self, name: str, record: type[R]) -> Table[R]:
        table = Table(name, record, lambda: self.moment)
        self.tables[name] = table
        return table

    def table(self, record: type[R]) -> Table[R]:
        """The table of a record that a module of `world.cloud` gives as its RECORD."""
        return self._by_record[record]  # type: ignore[return-value] # a table of this record

    def listed_in_v1(self, table: Table[R]) -> list[R]:
        """The records for a list operation of v1."""
        return self.seen_by_v1(table.listed())

    def seen_by_v1(self, records: Iterable[R]) -> list[R]:
        """Those of the records that lists of v1 show."""
        if self.quirks.v1_lists_v2:
            return list(records)
        return [record for record in records if record.id not in self.made_by_v2]

    @property
    def account(self) -> Account:
        """The one account, created at the first access."""
        return self.accounts.get("account") or self.accounts.add(Account(id="account", created=self.moment))

    @property
    def owner(self) -> str:
        """The user id of the account."""
        return self.draw("owner", length=16)

    def now(self) -> float:
        """The time of the world: the injected clock plus what `skip` added."""
        return self.clock() + self.offset

    def skip(self, seconds: float) -> None:
        """Lets time pass. Moves a clock that can be moved, else the offset of the world from it."""
        step = getattr(self.clock, "advance", None)
        if step is None:
            self.offset += seconds
        else:
            step(seconds)
        self.advance()

    def advance(self) -> None:
        """Performs all events that are due by now, in order."""
        now = self.now()
        while self._agenda and self._agenda[0][0] <= now:
            at, name, key = heapq.heappop(self._agenda)
            table = self.tables[name]
            record = table.get(key)
            if record is None or not record.ahead or record.ahead[0][0] != at:
                continue  # the event was replaced
            self.moment = at
            _, event = record.ahead.pop(0)
            self._arrive[name](self, record, event)
            if table.get(key) is record:
                table.touch(record)
                self._enter(table, record)
        self.moment = now

    def expect(self, table: Table[R], record: R, steps: Iterable[tuple[float, str]]) -> None:
        """Replaces the scheduled events of the record: a step has the seconds after the one before, and the event."""
        at = self.moment
        self.plan(table, record, [(at := at + wait, event) for wait, event in steps])

    def plan(self, table: Table[R], record: R, ahead: Ahead) -> None:
        """Replaces the scheduled events of the record. Times are Unix seconds."""
        record.ahead = sorted(ahead)
        table.touch(record)
        self._enter(table, record)

    def _enter(self, table: Table[R], record: R) -> None:
        if not record.ahead:
            return
        heapq.heappush(self._agenda, (record.ahead[0][0], table.name, record.id))
        if len(self._agenda) > 1000 + 4 * sum(len(each) for each in self.tables.values()):
            self._tidy_agenda()

    def _tidy_agenda(self) -> None:
        """Drops the entries of replaced events."""
        self._agenda = [
            (record.ahead[0][0], table.name, record.id)
            for table in self.tables.values()
            for record in table
            if record.ahead
        ]
        heapq.heapify(self._agenda)

    def new_id(self, kind: str, *, length: int = 16) -> str:
        """A new id. The same seed and history give the same id."""
        self._ids += 1
        return self.draw(kind, str(self._ids), length=length)

    def new_uuid(self, kind: str) -> str:
        """A new id in the form of a UUID, as storages, registry credentials and tasks have."""
        return str(UUID(self.new_id(kind, length=32), version=4))

    def new_xid(self, kind: str) -> str:
        """A new id that begins with the time: ids of one kind sort by their creation, as those of files and batches."""
        self._ids += 1
        place = bytes.fromhex(self.draw(kind, length=10))
        number = int(self.moment).to_bytes(4, "big") + place + (self._ids % 2**24).to_bytes(3, "big")
        return b32hexencode(number).decode().rstrip("=").lower()

    def new_number(self, kind: str) -> str:
        """A new id of digits, as templates have."""
        self._ids += 1
        return str(10_000 + self._ids * 7 + self.dice(7, kind, str(self._ids)))

    def draw(self, *what: str, length: int = 16) -> str:
        """Hex digits that depend only on the seed and the words."""
        return hashlib.sha256("/".join((str(self.seed), *what)).encode()).hexdigest()[:length]

    def dice(self, sides: int, *what: str) -> int:
        """A number from 0 up to `sides` that depends only on the seed and the words."""
        return int(self.draw(*what, length=12), 16) % sides

    def _fault_dice(self, sides: int) -> int:
        self._throws += 1
        return self.dice(sides, "fault", str(self._throws))

    def _remember(self) -> None:
        for table in self.tables.values():
            table.remember()

    def look_back(self, seconds: float) -> None:
        """Lets lists show the world as it was this many seconds ago; 0 is now."""
        if seconds != self._lag:
            self._lag = seconds
            for table in self.tables.values():
                table.lag = seconds

    def ids(self) -> set[str]:
        """The ids of all records."""
        return {record.id for table in self.tables.values() for record in table}

    def load(self, book: AccountFile) -> None:
        """Loads all records of an account file."""
        meta = book.meta()
        if meta:
            self.seed, self._ids = int(meta["seed"]), int(meta["ids"])
            self.offset = max(0.0, float(meta["time"]) - self.clock())
            self.moment = self.now()
        for kind, key, body in book.objects():
            table = self.tables[kind]
            record: WorldRecord = table.load(key, body)
            self._enter(table, record)

    def save(self) -> None:
        """Writes all changes since the last successful call, all or nothing.

        Where there is no room for them, `unsaved` says why, and the world goes on in memory.
        """
        if self._book is None:
            for table in self.tables.values():
                table.forget_changes()
            return
        contents = self.contents.changes()
        rows = [row for table in self.tables.values() for row in table.changes()]
        if rows:
            meta = {"seed": str(self.seed), "ids": str(self._ids), "time": repr(self.moment)}
            try:
                self._book.write(rows, meta, contents)
                self.unsaved = None
            except OSError as error:
                for name, key, _ in rows:
                    self.tables[name].unwritten(key)
                self.contents.unwritten(contents)
                first, self.unsaved = self.unsaved is None, error
                if first:
                    self.on_unsaved(error)

    def close(self) -> None:
        """Writes the last changes and closes the file."""
        self.save()
        if self._book is not None:
            self._book.close()
            self._book = None
