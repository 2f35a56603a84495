"""The table of the objects, and the function that writes them.

A write is one call of the function, so one round trip and one transaction: no connection ever holds the lock of a row
while its client is paused, and a pooler in transaction mode (pgbouncer) may serve each call by another session.
"""

from __future__ import annotations

from typing import Final, LiteralString

CREATE: Final[LiteralString] = """
SELECT pg_advisory_xact_lock(6871246013057);
DO $do$ BEGIN
  IF to_regnamespace({name}) IS NULL THEN CREATE SCHEMA {schema}; END IF;
END $do$;
CREATE TABLE IF NOT EXISTS {schema}.objects (
  key text COLLATE "C" PRIMARY KEY,
  version text NOT NULL,
  data bytea NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE {schema}.objects ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE OR REPLACE FUNCTION {schema}.write_objects(keys text[], expected text[], contents bytea[], new_version text)
RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
  present text;
BEGIN
  PERFORM FROM {schema}.objects o WHERE o.key = ANY (keys) ORDER BY o.key FOR UPDATE;
  FOR i IN 1 .. cardinality(keys) LOOP
    SELECT o.version INTO present FROM {schema}.objects o WHERE o.key = keys[i];
    IF expected[i] <> coalesce(present, '') THEN
      RETURN keys[i];
    END IF;
  END LOOP;
  FOR i IN 1 .. cardinality(keys) LOOP
    IF contents[i] IS NULL THEN -- one that was absent is left alone: another run may have created it since
      DELETE FROM {schema}.objects o WHERE o.key = keys[i] AND expected[i] IS DISTINCT FROM '';
    ELSIF expected[i] = '' THEN
      INSERT INTO {schema}.objects (key, version, data) VALUES (keys[i], new_version, contents[i]);
    ELSE
      INSERT INTO {schema}.objects AS o (key, version, data) VALUES (keys[i], new_version, contents[i])
      ON CONFLICT (key) DO UPDATE SET version = excluded.version, data = excluded.data, written_at = now();
    END IF;
  END LOOP;
  RETURN NULL;
END $function$;
"""
"""Makes what is missing. The lock lets two first users do it one after the other."""
WRITE: Final[LiteralString] = "SELECT {schema}.write_objects(%s::text[], %s::text[], %b::bytea[], %s)"
"""Makes all changes or none; the key whose version is not the expected one, or NULL."""
READ: Final[LiteralString] = "SELECT key, version, data FROM {schema}.objects WHERE key = %s"
LIST: Final[LiteralString] = (
    "SELECT key, version, {data} FROM {schema}.objects WHERE key >= %s AND key < %s ORDER BY key"
)
