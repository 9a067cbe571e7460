"""A retried request with the same key is the same statement: it runs once."""

import threading
import uuid

import pytest


def header(key):
    return {"headers": {"Idempotency-Key": key}}


def field(key):
    return {"idempotency_key": key}


@pytest.mark.parametrize("way", [header, field])
def test_same_key_same_statement(rest, schema, way):
    key = str(uuid.uuid4())
    rest.rows(f"create table {schema}.t (a int)")
    answers = [rest.run(f"insert into {schema}.t values (1)", wait_timeout="50s", **way(key)) for _ in range(3)]
    assert len({answer["statement_id"] for answer in answers}) == 1
    assert all(answer == answers[0] for answer in answers)
    assert rest.rows(f"select count(*) from {schema}.t") == [["1"]]


def test_header_and_field_are_one_key(rest):
    key = str(uuid.uuid4())
    assert rest.run("select 1", **header(key))["statement_id"] == rest.run("select 1", **field(key))["statement_id"]


def test_same_key_for_another_statement_is_refused(rest):
    key = str(uuid.uuid4())
    rest.run("select 1", **field(key))
    reply = rest.execute("select 2", **field(key))
    assert reply.status in (400, 409), reply


def test_retry_at_the_same_time(rest, schema):
    key = str(uuid.uuid4())
    rest.rows(f"create table {schema}.t (a int)")
    ids = []

    def send():
        ids.append(rest.run(f"insert into {schema}.t values (1)", wait_timeout="50s", **field(key))["statement_id"])
        rest.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ids) == 8 and len(set(ids)) == 1
    assert rest.rows(f"select count(*) from {schema}.t") == [["1"]]


def test_a_failed_statement_is_not_run_again(rest):
    key = str(uuid.uuid4())
    first, second = (rest.run("select 1/0", **field(key)) for _ in range(2))
    assert first == second and first["status"]["state"] == "FAILED"


def test_retry_after_no_wait_gets_the_result(rest):
    key = str(uuid.uuid4())
    statement = rest.submit("select 5", **field(key))
    answer = rest.run("select 5", wait_timeout="50s", **field(key))
    assert answer["statement_id"] == statement and answer["result"]["data_array"] == [["5"]]


@pytest.mark.parametrize("key", ["", "x" * 100000, 5, {}])
def test_odd_keys(rest, key):
    assert rest.execute("select 1", idempotency_key=key).status in (200, 400)
