"""Limits of an engine and of a principal, each told in the manner of the door that meets it."""

from __future__ import annotations

import subprocess

import grpc
import pytest
from harness import servers
from harness import wire as raw
from harness.connect import connect
from harness.livy import Livy
from harness.statements import Statements
from harness.wire import Wire

pytestmark = [pytest.mark.hearth_only, pytest.mark.usefixtures("quiet")]
SLOW = "select count(*) from range(0, 300000000000, 1, 4) where id % 7 = 3 and hash(id) % 11 = 5"


def test_running_and_queued_operations(real, own_hearth, until):
    """One runs on the Spark, one waits, the next is refused, whichever door they came through."""
    hearth = own_hearth(real.grpc, extra="max_running = 1\nmax_queued = 1")
    statements = Statements(hearth.http)
    with Wire(hearth) as wire, Wire(hearth, session_id=wire.session_id) as second:
        first = wire.execute(raw.sql(SLOW))
        until(real.running_jobs, what="the job")
        waiting = statements.submit("select 42", warehouse_id="spark")
        until(lambda: statements.status(waiting)["status"]["state"] == "PENDING", what="a statement that waits")
        refused = raw.failure(lambda: raw.consume(second.execute(raw.sql("select 1"))))
        assert refused.startswith("RESOURCE_EXHAUSTED HEARTH_LIMIT") and "engines.spark.max_queued" in refused, refused
        reply = statements.execute("select 2", warehouse_id="spark")
        assert reply.status == 429 and "engines.spark.max_queued" in reply.json["message"], reply
        assert len(real.running_jobs()) == 1
        embedded = statements.run("select 3", warehouse_id="embedded", wait_timeout="30s")
        assert embedded["status"]["state"] == "SUCCEEDED", "another engine is free"
        wire.interrupt(raw.pb.InterruptRequest.INTERRUPT_TYPE_ALL)
        with pytest.raises(grpc.RpcError):
            raw.consume(first)
        assert statements.wait(waiting)["status"]["state"] == "SUCCEEDED"


def test_sessions(real, own_hearth):
    hearth = own_hearth(real.grpc, extra="max_sessions = 1")
    livy = Livy(hearth.http)
    with Wire(hearth) as first, Wire(hearth) as second:
        raw.consume(first.execute(raw.sql("select 1")))
        refused = raw.failure(lambda: raw.consume(second.execute(raw.sql("select 1"))))
        assert refused.startswith("RESOURCE_EXHAUSTED HEARTH_LIMIT") and "engines.spark.max_sessions" in refused, refused
        reply = livy.create("sql", conf={"hearth.engine": "spark"})
        assert reply.status in (400, 429, 503) and "engines.spark.max_sessions" in reply.body.decode() or dies(livy, reply), reply
    with Wire(hearth) as third:
        raw.consume(third.execute(raw.sql("select 1")))


def dies(livy, reply):
    """A session that was taken and could not start says why in its log."""
    session = reply.json["id"]
    try:
        livy.wait_session(session, ("error", "dead"), seconds=30)
    except AssertionError as error:
        return "engines.spark.max_sessions" in str(error)
    return "engines.spark.max_sessions" in " ".join(livy.log_lines(session))


def test_statement_timeout(real, own_hearth, until):
    hearth = own_hearth(real.grpc, extra='statement_timeout = "2s"')
    with Wire(hearth) as wire:
        told = raw.failure(lambda: raw.consume(wire.execute(raw.sql(SLOW))))
        assert "engines.spark.statement_timeout" in told, told
    until(lambda: not real.running_jobs(), 15, "the end of the job")
    statements = Statements(hearth.http)
    failed = statements.run(SLOW, warehouse_id="spark", wait_timeout="30s")["status"]
    assert failed["state"] == "FAILED" and "engines.spark.statement_timeout" in failed["error"]["message"], failed
    until(lambda: not real.running_jobs(), 15, "the end of the job")


def test_principals_have_their_engines_and_limits(real, own_hearth, until):
    rules = '[principals.ann]\nengine = "spark"\nengines = "spark"\nmax_running = 1\nmax_queued = 1\n\n[principals.bob]\nengines = "embedded"\n'
    hearth = own_hearth(real.grpc, default=False, more=rules, arguments=("--require-token",))
    ann, bob = (Statements(hearth.http, token=token_of(hearth, name)) for name in ("ann", "bob"))
    assert ann.rows("select current_catalog()", warehouse_id="spark") == [["spark_catalog"]]
    for client, warehouse in ((ann, "embedded"), (bob, "spark")):
        reply = client.execute("select 1", warehouse_id=warehouse)
        refused = reply.body.decode()
        assert reply.status in (400, 403) and f"principals.{'ann' if client is ann else 'bob'}.engines" in refused, reply
    first = ann.submit(SLOW, warehouse_id="spark")
    until(real.running_jobs, what="the job")
    second = ann.submit("select 2", warehouse_id="spark")
    reply = ann.execute("select 3", warehouse_id="spark")
    assert reply.status == 429 and "principals.ann.max_queued" in reply.json["message"], reply
    assert bob.rows("select 4", warehouse_id="embedded") == [["4"]]
    ann.cancel(first)
    assert ann.wait(first)["status"]["state"] == "CANCELED"
    assert ann.wait(second)["status"]["state"] == "SUCCEEDED"


def token_of(hearth, user):
    done = subprocess.run([servers.hearth_binary(), "token", "create", "--data-dir", hearth.data_dir, "--user", user], stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.split()[-1]


def test_state_of_engines_is_in_the_metrics(real, own_hearth):
    hearth = own_hearth(real.grpc)
    session = connect(hearth)
    session.range(1).collect()
    text = Statements(hearth.http).get("/metrics").body.decode()
    told = [line for line in text.splitlines() if 'engine="spark"' in line]
    assert any(line.startswith("hearth_engine") for line in told), text
    session.stop()
