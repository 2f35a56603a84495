"""What a failed call of PostgreSQL means, as one line with what to do. No text of the URL is shown."""

from __future__ import annotations

import re
from typing import Final

import psycopg
from psycopg import errors

from novita_infra.model.diagnostics import Problems, problem
from novita_infra.state.objects.objects import AnswerLost, OutOfReach

_MOST: Final = 200
"""How many characters of the server's own words a message shows."""
_WHERE: Final = re.compile(r"^connection failed: |connection to server (?:at [^,]+, port \d+|on socket \S+) failed: ")
"""What libpq says before the reason; a message names the place anyway."""
_REFUSALS: Final = (
    ("password authentication failed", "check the user and the password in the url of the state"),
    ("no password supplied", "write the password into the secret of the url, or into ~/.pgpass"),
    ("no pg_hba.conf entry", "let pg_hba.conf allow this user, or use TLS: ?sslmode=verify-full"),
    ("certificate verify failed", "name the authority: ?sslmode=verify-full&sslrootcert=FILE"),
    ("root certificate file", "name the authority: ?sslmode=verify-full&sslrootcert=FILE, or sslrootcert=system"),
    ("does not support SSL", "let the server use TLS, or set sslmode in the url"),
    ("server certificate for", "name the host as in its certificate"),
    ("permission denied for database", "GRANT CONNECT ON DATABASE to the user"),
)
"""What the server or libpq says at a connection that will not succeed later either, with what to do."""


class FaultReporter:
    """Turns failures into what Objects raise."""

    def __init__(self, *, place: str, schema: str, user: str, database: str, password: str) -> None:
        self._place = place
        self._schema = schema
        self._user = user
        self._database = database
        self._password = password

    def of_connection(self, error: psycopg.Error) -> Problems | OutOfReach:
        """Why there is no connection. Whatever is not known to stay may pass."""
        words = self._words(error)
        for mark, hint in _REFUSALS:
            if mark in words:
                return problem(f"{self._place}: {words}", hint)
        if "database" in words and "does not exist" in words:
            return problem(f'there is no database "{self._database}" for the state', f"createdb {self._database}")
        if "role" in words and "does not exist" in words:
            return problem(f"{self._place}: {words}", "check the user in the url of the state")
        return OutOfReach(words)

    def of_call(self, error: psycopg.Error, *, writes: bool, lost: bool) -> Problems | AnswerLost | OutOfReach:
        """Why a call failed. `lost` says that the connection is gone, so nobody knows what the server did."""
        words = self._words(error)
        if lost:
            return AnswerLost(words) if writes else OutOfReach(words)
        match error:
            case errors.InsufficientPrivilege():
                return self._denied()
            case errors.ReadOnlySqlTransaction():
                hint = "name the primary server, or add ?target_session_attrs=read-write to the url"
                return problem(f"{self._place}: the database can only be read", hint)
            case errors.DiskFull():
                hint = "free some space; then run the command again"
                return problem(f"{self._place}: the disk of the server is full", hint)
            case errors.ProgramLimitExceeded():
                return problem(f"{self._place}: {words}")
            case errors.SyntaxErrorOrAccessRuleViolation():
                return problem(f"{self._place}: {words}", "is the schema of another program?")
            case _:
                return OutOfReach(words)  # a cancelled statement, a deadlock, too little memory: nothing was done

    def cannot_create(self) -> Problems:
        """The user may not make the tables, which an administrator can allow."""
        return problem(
            f'{self._place}: the user "{self._user}" may not create the tables of the state',
            f'let the administrator run: CREATE SCHEMA IF NOT EXISTS "{self._schema}"; '
            f'GRANT USAGE, CREATE ON SCHEMA "{self._schema}" TO "{self._user}"',
        )

    def _denied(self) -> Problems:
        return problem(
            f'{self._place}: the user "{self._user}" may not use the tables of the state',
            f'let their owner run: GRANT USAGE ON SCHEMA "{self._schema}" TO "{self._user}"; '
            f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{self._schema}".objects TO "{self._user}"',
        )

    def _words(self, error: psycopg.Error) -> str:
        """The first line of what the server or libpq says, without the password and in a bearable length."""
        message = error.diag.message_primary or str(error)
        line = message.strip().partition("\n")[0].strip() or "the call failed"
        line = _WHERE.sub("", line.rpartition("FATAL: ")[2].strip())
        if self._password and self._password in line:
            return "the call failed"
        return line if len(line) <= _MOST else f"{line[:_MOST]}..."
