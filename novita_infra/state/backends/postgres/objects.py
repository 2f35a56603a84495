"""The objects of a schema of PostgreSQL, over the package `psycopg`. All changes of a write are one transaction."""

from __future__ import annotations

import re
import secrets
import socket
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from os import dup
from typing import Any, Final, TypeVar

import psycopg
from psycopg import Connection, errors, sql
from psycopg.conninfo import conninfo_to_dict

from novita_infra.model.diagnostics import Problems, problem
from novita_infra.state.backends.postgres.faults import FaultReporter
from novita_infra.state.backends.postgres.tables import CREATE, LIST, READ, WRITE
from novita_infra.state.objects.objects import ABSENT, Conflict, Object, ObjectChange

_LIMIT: Final = 45.0
"""Seconds that a call may take; then its connection is cut."""
_AFTER_KEYS: Final = "\x7f"
"""Sorts behind every character of a key."""
_MISSING: Final = (errors.UndefinedTable, errors.UndefinedFunction, errors.InvalidSchemaName)
_KEY: Final = re.compile(r"\(key\)=\((.*)\)")
_T = TypeVar("_T")


class PostgresObjects:
    """Implements Objects in one table.

    A connection serves one call at a time: threads that call together each have their own.
    """

    def __init__(self, url: str, *, schema: str, limit: float = _LIMIT) -> None:
        """Connects at the first call. Raises Problems if the URL is none, without its text. `limit` is in seconds."""
        self._limit = limit
        try:
            self._parameters = conninfo_to_dict(url)
        except psycopg.Error:
            hint = "such as postgresql://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full"
            raise problem("the url of the state is not one of PostgreSQL", hint) from None
        host, port = (str(self._parameters.get(name) or "") for name in ("host", "port"))
        user = str(self._parameters.get("user") or "")
        database = str(self._parameters.get("dbname") or user)
        self._place = f"postgresql://{host or 'localhost'}{f':{port}' if port else ''}/{database}/{schema}"
        self._faults = FaultReporter(
            place=self._place,
            schema=schema,
            user=user or "this user",
            database=database,
            password=str(self._parameters.get("password") or ""),
        )
        self._schema = schema
        self._idle: list[Connection[Any]] = []
        weakref.finalize(self, _close_all, self._idle)

    def describe(self, key: str = "") -> str:
        return f"{self._place}/{key}" if key else self._place

    def read(self, key: str) -> Object | None:
        rows = self._rows(READ, key)
        return Object(rows[0][2], rows[0][1]) if rows else None

    def read_all(self, prefix: str) -> Mapping[str, Object]:
        rows = self._rows(LIST, prefix, prefix + _AFTER_KEYS, data=sql.SQL("data"))
        return {key: Object(data, version) for key, version, data in rows}

    def keys(self, prefix: str) -> Sequence[str]:
        return [row[0] for row in self._rows(LIST, prefix, prefix + _AFTER_KEYS, data=sql.SQL("NULL"))]

    def snapshot(self) -> PostgresObjects:
        return self

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        version = secrets.token_hex(16)  # of this write alone, even where a database was restored from a backup
        keys = [change.key for change in changes]
        arguments = (
            keys,
            [change.expected for change in changes],
            [change.data for change in changes],
            version,
        )

        def call(connection: Connection[Any]) -> str | None:
            conflict: str | None = connection.execute(self._query(WRITE), arguments, binary=True).fetchall()[0][0]
            return conflict

        try:
            try:
                conflict = self._called(call, writes=True)
            except _MISSING:
                self._create()
                conflict = self._called(call, writes=True)
        except errors.UniqueViolation as error:  # another run created it between the check and the insert
            match = _KEY.search(error.diag.message_detail or "")
            absent = next(change.key for change in changes if change.expected == ABSENT)
            raise Conflict(match[1] if match else absent) from None
        if conflict is not None:
            raise Conflict(conflict)
        return [ABSENT if change.data is None else version for change in changes]

    def _rows(self, query: Any, *arguments: str, **parts: sql.Composable) -> list[tuple[Any, ...]]:
        try:
            return self._called(
                lambda connection: connection.execute(self._query(query, **parts), arguments, binary=True).fetchall()
            )
        except _MISSING:  # nobody has written yet
            return []

    def _create(self) -> None:
        """Makes the tables. Raises Problems with what an administrator has to run, if this user may not."""
        query = self._query(CREATE, name=sql.Literal(self._schema))
        self._called(lambda connection: connection.execute(query), writes=True, denied=self._faults.cannot_create)

    def _query(self, query: Any, **parts: sql.Composable) -> sql.Composed:
        return sql.SQL(query).format(schema=sql.Identifier(self._schema), **parts)

    def _called(
        self,
        call: Callable[[Connection[Any]], _T],
        *,
        writes: bool = False,
        denied: Callable[[], Problems] | None = None,
    ) -> _T:
        """The result of a call on a connection that nobody else uses. `denied` says who can give the rights."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connected()
        try:
            with _limited(connection, self._limit):
                result = call(connection)
        except (*_MISSING, errors.UniqueViolation):
            self._idle.append(connection)
            raise
        except psycopg.Error as error:
            lost = connection.closed
            if lost:
                connection.close()
            else:
                self._idle.append(connection)
            if denied is not None and isinstance(error, errors.InsufficientPrivilege):
                raise denied() from None
            raise self._faults.of_call(error, writes=writes, lost=lost) from error
        except BaseException:
            connection.close()  # interrupted: its answer may still come
            raise
        self._idle.append(connection)
        return result

    def _connected(self) -> Connection[Any]:
        defaults: dict[str, Any] = {
            "connect_timeout": 10,
            "application_name": "novita-infra",
            "client_encoding": "utf8",
        }
        try:
            return psycopg.connect(**{**defaults, **self._parameters}, autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            raise self._faults.of_connection(error) from error


def _close_all(connections: list[Connection[Any]]) -> None:
    while connections:
        connections.pop().close()


@contextmanager
def _limited(connection: Connection[Any], limit: float) -> Iterator[None]:
    """Inside, the connection is cut when the limit is over: a server that hangs never answers."""

    def cut() -> None:
        with suppress(OSError, psycopg.Error), socket.socket(fileno=dup(connection.fileno())) as copy:
            copy.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(limit, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
