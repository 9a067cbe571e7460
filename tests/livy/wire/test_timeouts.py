"""Timers: idleness, life span, heartbeat, and how long finished sessions can be asked about."""

import time

import pytest
from harness.livy import wait_for


@pytest.fixture(scope="module")
def livy(own_hearth):
    """A server that forgets what has finished soon."""
    return own_hearth("livy.state_retention=1s")[1]


def gone(livy, session):
    """404 without asking for the session itself, which counts as a heartbeat."""
    return session not in [one["id"] for one in livy.get("/sessions?size=1000").json["sessions"]]


def test_idle_timeout_of_the_session(livy):
    session = livy.open("sql", idleTimeout="1s")
    other = livy.open("sql")
    wait_for(lambda: gone(livy, session), 90, "the timeout")
    assert livy.get(f"/sessions/{session}").status == 404
    assert livy.session(other)["state"] == "idle"


def test_reads_do_not_keep_a_session(livy):
    session = livy.open("sql", idleTimeout="2s")
    wait_for(lambda: livy.get(f"/sessions/{session}").status == 404, 90, "the timeout")


def test_work_keeps_a_session(livy):
    session = livy.open("sql", idleTimeout="3s")
    began = time.monotonic()
    while time.monotonic() - began < 7:
        assert livy.rows(session, "select 1") == [[1]]
        assert livy.post(f"/sessions/{session}/connect").status == 200
    wait_for(lambda: gone(livy, session), 90, "the timeout")


def test_life_span_of_the_session(livy):
    session = livy.open("sql", ttl="2s")
    deadline = time.monotonic() + 90
    while livy.post_statement(session, "select 1").status == 201:
        assert time.monotonic() < deadline, "it lives on"
    wait_for(lambda: gone(livy, session), 60, "the end")


def test_heartbeat(livy):
    kept, lost = livy.open("sql", heartbeatTimeoutInSecond=3), livy.open("sql", heartbeatTimeoutInSecond=3)

    def ask():
        assert livy.get(f"/sessions/{kept}").status == 200
        return gone(livy, lost)

    wait_for(ask, 120, "the end of the heartbeat")
    wait_for(lambda: gone(livy, kept), 120, "the end of the heartbeat")


def test_heartbeat_ends_busy_sessions_too(livy):
    session = livy.open("pyspark", heartbeatTimeoutInSecond=2)
    livy.submit(session, "while True: pass")
    wait_for(lambda: gone(livy, session), 120, "the end of the heartbeat")


def test_default_idle_timeout(own_hearth):
    _, livy = own_hearth("livy.idle_timeout=1s", "livy.state_retention=1s")
    session, longer = livy.open("sql"), livy.open("sql", idleTimeout="1h")
    wait_for(lambda: gone(livy, session), 90, "the timeout")
    assert livy.session(longer)["state"] == "idle"


def test_finished_sessions_are_forgotten(livy):
    session = livy.open("sql")
    assert livy.post(f"/sessions/{session}/stop").status == 204
    wait_for(lambda: livy.get(f"/sessions/{session}").status == 404, 90, "the retention")


def test_finished_batches_are_forgotten(livy, tmp_path):
    (tmp_path / "app.py").write_text("pass")
    batch = livy.batch(tmp_path / "app.py")
    wait_for(lambda: livy.get(f"/batches/{batch}").status == 404, 120, "the retention")
