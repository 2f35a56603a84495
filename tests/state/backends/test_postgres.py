"""State in PostgreSQL: the tables of first users, what failures mean, and connections that break."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from processes import wait_until
from psycopg import sql
from server_places import own_name, postgres_objects, postgres_settings
from servers import PASSWORD, address_of, own_server, pooler

from novita_infra.model.diagnostics import Problems
from novita_infra.state.backends.postgres import BACKEND, open_postgres
from novita_infra.state.backends.postgres.objects import PostgresObjects
from novita_infra.state.objects.objects import ABSENT, AnswerLost, Conflict, ObjectChange, OutOfReach
from novita_infra.state.settings import StateSettings

settings_in = postgres_settings
CREATES = [ObjectChange("dev/head", b"1", ABSENT)]
pytestmark = pytest.mark.process


def url_of(**parts: str) -> str:
    """The URL of the server with another user, password, host or path."""
    url = urlsplit(address_of("postgres"))
    user, password = parts.get("user", url.username), parts.get("password", url.password)
    host = parts.get("host", f"{url.hostname}:{url.port}")
    return url._replace(netloc=f"{user}:{password}@{host}", path=parts.get("path", url.path)).geturl()


def opened(url: str, schema: str = "novita_infra") -> PostgresObjects:
    return open_postgres(StateSettings(Path("/"), {"url": url, "schema": schema}))


def message(call: Callable[[], object]) -> str:
    """The text of the Problems that the call raises."""
    with pytest.raises(Problems) as caught:
        call()
    assert "s3cr3t" not in str(caught.value)
    return str(caught.value)


@contextmanager
def administrator() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(address_of("postgres"), autocommit=True) as connection:
        yield connection


@contextmanager
def role(name: str) -> Iterator[str]:
    """The URL with which a new user without rights connects."""
    with administrator() as connection:
        user = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(user, sql.Literal(PASSWORD)))
        try:
            yield url_of(user=name, password=PASSWORD)
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(user))


def run_at_once(work: Callable[[int], None], count: int) -> None:
    """Runs the function in so many threads, with the number of each."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def place_of(schema: str) -> str:
    url = urlsplit(address_of("postgres"))
    return f"postgresql://{url.hostname}:{url.port}{url.path}/{schema}"


def test_first_users_at_once_make_the_tables_once(tmp_path: Path) -> None:
    start, won = threading.Barrier(6), list[int]()
    failures: list[BaseException] = []

    def use(number: int) -> None:
        objects = postgres_objects(tmp_path)
        start.wait()
        try:
            objects.write([ObjectChange("dev/head", b"%d" % number, ABSENT)])
            won.append(number)
        except Conflict:
            pass
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    run_at_once(use, 6)
    assert failures == []
    assert len(won) == 1
    found = postgres_objects(tmp_path).read("dev/head")
    assert found is not None
    assert found.data == b"%d" % won[0]


def test_reading_makes_no_tables(tmp_path: Path) -> None:
    objects = postgres_objects(tmp_path)
    assert (objects.read("dev/head"), objects.keys(""), objects.read_all("")) == (None, [], {})
    with administrator() as connection:
        assert connection.execute("SELECT to_regnamespace(%s)", [own_name(tmp_path)]).fetchone() == (None,)


def test_a_user_without_rights_gets_what_the_administrator_has_to_run(tmp_path: Path) -> None:
    schema = own_name(tmp_path)
    with role(f"r{schema}") as url:
        objects = opened(url, schema)
        text = message(lambda: objects.write(CREATES))
        statements = f'CREATE SCHEMA IF NOT EXISTS "{schema}"; GRANT USAGE, CREATE ON SCHEMA "{schema}" TO "r{schema}"'
        assert text == (
            f'{place_of(schema)}: the user "r{schema}" may not create the tables of the state; let the administrator '
            f"run: {statements}"
        )
        with administrator() as connection:
            connection.execute(statements)  # what a person pastes
        objects.write(CREATES)
        assert objects.read("dev/head") is not None


def test_a_second_user_gets_what_the_owner_of_the_tables_has_to_run(tmp_path: Path) -> None:
    schema = own_name(tmp_path)
    postgres_objects(tmp_path).write(CREATES)
    with role(f"r{schema}") as url:
        objects = opened(url, schema)
        text = message(lambda: objects.read("dev/head"))
        statements = (
            f'GRANT USAGE ON SCHEMA "{schema}" TO "r{schema}"; GRANT SELECT, INSERT, UPDATE, DELETE ON '
            f'"{schema}".objects TO "r{schema}"'
        )
        assert text == (
            f'{place_of(schema)}: the user "r{schema}" may not use the tables of the state; let their owner run: '
            f"{statements}"
        )
        assert message(lambda: objects.write(CREATES)) == text
        with administrator() as connection:
            connection.execute(statements)  # what a person pastes
        found = objects.read("dev/head")
        assert found is not None
        objects.write([ObjectChange("dev/head", b"2", found.version)])


def test_a_refused_connection_says_what_to_do() -> None:
    place = place_of("novita_infra")
    assert message(lambda: opened(url_of(password="s3cr3t-of-another")).read("dev/head")) == (
        f'{place}: password authentication failed for user "postgres"; check the user and the password in the url of '
        "the state"
    )
    assert message(lambda: opened(url_of(path="/nowhere")).read("dev/head")) == (
        'there is no database "nowhere" for the state; createdb nowhere'
    )
    with_tls = opened(f"{url_of()}?sslmode=require")
    assert message(lambda: with_tls.read("dev/head")) == (
        f"{place}: server does not support SSL, but SSL was required; let the server use TLS, or set sslmode in the url"
    )
    nobody = opened(url_of(host="127.0.0.1:1"))
    with pytest.raises(OutOfReach, match="Connection refused"):
        nobody.read("dev/head")
    with pytest.raises(OutOfReach, match="Connection refused"):
        nobody.write(CREATES)


def test_a_url_that_is_none_is_not_shown() -> None:
    for url in ("postgresql://u:s3cr3t@[::1/db", "postgresql://u:s3cr3t@h/db?s3cr3t=1", "s3cr3t"):
        assert message(lambda: opened(url)) == (  # noqa: B023 - called at once
            "the url of the state is not one of PostgreSQL; such as "
            "postgresql://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full"
        )
    assert [item.summary for item in BACKEND.errors_of({"url": "mysql://h/db"})] == ["is not one of PostgreSQL"]


@contextmanager
def failing(objects: PostgresObjects, schema: str, code: str) -> Iterator[None]:
    """Inside, every write of the schema fails with that SQLSTATE."""
    with administrator() as connection:
        statement = """
            CREATE FUNCTION {schema}.fails() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'made to fail' USING ERRCODE = {code}; END $$;
            CREATE TRIGGER fails BEFORE INSERT OR UPDATE ON {schema}.objects EXECUTE FUNCTION {schema}.fails()
        """
        connection.execute(sql.SQL(statement).format(schema=sql.Identifier(schema), code=sql.Literal(code)))
        yield
        connection.execute(sql.SQL("DROP FUNCTION {}.fails CASCADE").format(sql.Identifier(schema)))


@pytest.mark.parametrize("code", ["40001", "40P01", "57014", "53200", "55P03"])
def test_a_failure_that_may_pass_changes_nothing_and_is_tried_again(tmp_path: Path, code: str) -> None:
    objects = postgres_objects(tmp_path)
    objects.write([ObjectChange("locks", b"1", ABSENT)])
    with failing(objects, own_name(tmp_path), code), pytest.raises(OutOfReach, match=r"^made to fail$"):
        objects.write(CREATES)
    objects.write(CREATES)
    assert list(objects.keys("")) == ["dev/head", "locks"]


def test_a_full_disk_and_a_database_that_can_only_be_read_are_explained(tmp_path: Path) -> None:
    objects = postgres_objects(tmp_path)
    objects.write([ObjectChange("locks", b"1", ABSENT)])
    place = place_of(own_name(tmp_path))
    with failing(objects, own_name(tmp_path), "53100"):
        assert message(lambda: objects.write(CREATES)) == (
            f"{place}: the disk of the server is full; free some space; then run the command again"
        )
    url = f"{url_of()}?options=-c%20default_transaction_read_only%3Don"
    assert message(lambda: opened(url, own_name(tmp_path)).write(CREATES)) == (
        f"{place}: the database can only be read; name the primary server, or add ?target_session_attrs=read-write to "
        "the url"
    )


def test_a_write_with_a_conflict_at_its_end_changes_nothing(tmp_path: Path) -> None:
    objects = postgres_objects(tmp_path)
    objects.write(CREATES)
    with pytest.raises(Conflict) as caught:
        objects.write([ObjectChange("dev/states/a", b"a", ABSENT), ObjectChange("dev/head", b"2", "of-another")])
    assert caught.value.key == "dev/head"
    assert list(objects.keys("")) == ["dev/head"]


def test_a_delete_of_what_is_absent_spares_what_another_run_creates_meanwhile(tmp_path: Path) -> None:
    objects, table = postgres_objects(tmp_path), sql.Identifier(own_name(tmp_path), "objects")
    objects.write([ObjectChange("locks", b"1", ABSENT)])
    insert = sql.SQL("INSERT INTO {} VALUES (%s, 'of-another', '1')").format(table)
    waiting = "SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND query LIKE %s"
    thread = threading.Thread(
        target=lambda: objects.write([ObjectChange("dev/a", b"2"), ObjectChange("dev/head", None, ABSENT)])
    )
    with administrator() as other, administrator() as looking:
        other.execute("BEGIN")
        other.execute(insert, ["dev/a"])
        thread.start()  # it has seen that there is no dev/head, and waits for dev/a
        wait_until(
            lambda: bool(looking.execute(waiting, [f"%{own_name(tmp_path)}%"]).fetchall()),
            "the write waits for another",
        )
        other.execute(insert, ["dev/head"])
        other.execute("COMMIT")
        thread.join()
    assert list(objects.keys("dev/")) == ["dev/a", "dev/head"]


def test_a_stored_object_is_found_by_programs_of_the_database(tmp_path: Path) -> None:
    """A backup of the schema is a backup of the state: nothing lies elsewhere."""
    postgres_objects(tmp_path).write(CREATES)
    with administrator() as connection:
        table = sql.Identifier(own_name(tmp_path), "objects")
        rows = connection.execute(sql.SQL("SELECT key, data FROM {}").format(table)).fetchall()
    assert rows == [("dev/head", b"1")]


def test_a_database_in_ascii_gives_texts(tmp_path: Path) -> None:
    name = own_name(tmp_path)
    with administrator() as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'SQL_ASCII'").format(sql.Identifier(name))
        )
    objects = opened(url_of(path=f"/{name}"))
    objects.write(CREATES)
    assert list(objects.keys("")) == ["dev/head"]


def sessions(schema: str) -> list[int]:
    """Ends all sessions of novita-infra that have used the schema, and returns their process ids."""
    with administrator() as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'novita-infra' AND query LIKE %s "
            "AND pg_terminate_backend(pid, 5000)",
            [f"%{schema}%"],
        ).fetchall()
    return [row[0] for row in rows]


def test_a_connection_that_ended_meanwhile_is_replaced(tmp_path: Path) -> None:
    objects = postgres_objects(tmp_path)
    objects.write(CREATES)
    assert len(sessions(own_name(tmp_path))) == 1
    with pytest.raises(OutOfReach):
        objects.read("dev/head")
    found = objects.read("dev/head")
    assert found is not None
    sessions(own_name(tmp_path))
    with pytest.raises(AnswerLost):
        objects.write([ObjectChange("dev/head", b"2", found.version)])
    objects.write([ObjectChange("dev/head", b"2", found.version)])


def test_threads_have_connections_of_their_own(tmp_path: Path) -> None:
    objects = postgres_objects(tmp_path)
    objects.write(CREATES)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(20):
                objects.write([ObjectChange(f"dev/{number}/{step}", b"x", ABSENT)])
                assert objects.read(f"dev/{number}/{step}") is not None
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    run_at_once(work, 4)
    assert failures == []
    assert len(objects.keys("dev/")) == 81


def test_a_restarted_server_keeps_what_was_written() -> None:
    with own_server("postgres") as server:
        objects = opened(server.address)
        objects.write(CREATES)
        server.stop()
        with pytest.raises(AnswerLost):
            objects.write([ObjectChange("dev/head", b"2")])
        with pytest.raises(OutOfReach):
            objects.read("dev/head")
        server.start()
        found = objects.read("dev/head")
        assert found is not None
        assert found.data == b"1"


def test_a_pooler_in_transaction_mode_serves_all_threads_by_one_session(tmp_path: Path) -> None:
    with pooler(address_of("postgres")) as url:
        places = [opened(url, own_name(tmp_path)) for _ in range(3)]
        failures: list[BaseException] = []

        def work(number: int) -> None:
            try:
                for step in range(10):
                    places[number % 3].write([ObjectChange(f"dev/{number}/{step}", b"x", ABSENT)])
                    assert places[(number + 1) % 3].read(f"dev/{number}/{step}") is not None
            except BaseException as error:  # noqa: BLE001 - shown below
                failures.append(error)

        run_at_once(work, 5)
        assert failures == []
        assert len(places[0].keys("dev/")) == 50


def test_a_call_that_hangs_is_cut(tmp_path: Path) -> None:
    schema = own_name(tmp_path)
    objects = PostgresObjects(address_of("postgres"), schema=schema, limit=0.3)
    objects.write(CREATES)
    with administrator() as other:
        other.execute(sql.SQL("BEGIN; LOCK TABLE {}").format(sql.Identifier(schema, "objects")))
        with pytest.raises(AnswerLost):
            objects.write([ObjectChange("dev/head", b"2")])
        with pytest.raises(OutOfReach):
            objects.read("dev/head")
        other.execute("ROLLBACK")
    assert objects.read("dev/head") is not None


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "novita_infra.state.backends.postgres.objects")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert message(lambda: opened("postgresql://127.0.0.1/db")) == (
        "the package for state in PostgreSQL is not installed; pip install 'novita-infra[postgres]'"
    )
