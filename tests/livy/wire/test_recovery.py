"""kill -9 of the server, a polite stop, and a restart on the same data folder: sessions, statements and variables are there."""

import os
import signal

import pytest
from harness.livy import STATEMENT_FIELDS, has_shape, running, wait_for


@pytest.fixture
def start(own_hearth, tmp_path):
    def begin(*settings):
        return own_hearth(*settings, data_dir=str(tmp_path / "data"))

    return begin


def forget(livy):
    """Deletes all sessions, so that their interpreters end."""
    for session in livy.get("/sessions?size=1000").json["sessions"]:
        livy.remove(session["id"])


def test_killed_with_twenty_sessions(start):
    first, livy = start()
    sql = [livy.open("sql", name=f"sql-{n}", conf={"a.b": str(n)}) for n in range(16)]
    python = [livy.open("pyspark", ttl="5h") for _ in range(4)]
    for session in sql:
        livy.rows(session, f"select {session} as s")
        livy.failure(session, "select no_such")
    for session in python:
        livy.text(session, f"kept = {session}\nspark.range({session}).createOrReplaceTempView('kept')\nprint('é')")
    removed = livy.open("sql")
    livy.remove(removed)
    ids = sql + python
    before = {session: (livy.session(session), livy.get(f"/sessions/{session}/statements").json) for session in ids}
    running_one = livy.submit(python[0], "import time\nfor n in range(100): time.sleep(0.05)\n'finished'")
    livy.wait(python[0], running_one, {"running"})
    pids = [int(livy.text(session, "import os; os.getpid()")) for session in python[1:]]
    first.kill()
    assert all(running(pid) for pid in pids)

    _, livy = start()
    listed = livy.get("/sessions?size=1000").json
    assert [session["id"] for session in listed["sessions"]] == sorted(ids) and listed["total"] == len(ids)
    for session in ids:
        found = livy.wait_session(session, ("idle", "busy"), seconds=60)
        told, statements = before[session]
        assert {name: found[name] for name in found if name not in ("log", "state", "appId", "appInfo")} == {
            name: told[name] for name in told if name not in ("log", "state", "appId", "appInfo")}
        now = livy.get(f"/sessions/{session}/statements").json
        assert now["statements"][:statements["total_statements"]] == statements["statements"]
        assert all(has_shape(one, STATEMENT_FIELDS) for one in now["statements"])
    done = livy.wait(python[0], running_one, seconds=60)
    assert done["output"] == {"status": "ok", "execution_count": running_one, "data": {"text/plain": "'finished'"}}, done
    for session, pid in zip(python[1:], pids):
        assert livy.text(session, "kept") == str(session)
        assert livy.text(session, "import os; os.getpid()") == str(pid), "the same interpreter"
    for session in python:
        assert livy.text(session, "spark.range(4).count()") == "4", "spark works on the restarted server"
        assert livy.text(session, "spark.sql('select 5').collect()[0][0]") == "5"
    assert livy.rows("sql-3", "select 1") == [[1]]
    assert livy.statement(sql[0], livy.submit(sql[0], "select 1"))["id"] == 2, "numbers of statements go on"
    assert livy.begin("sql") == removed + 1, "ids are not used again"
    forget(livy)
    wait_for(lambda: not any(running(pid) for pid in pids), 20, "the end of the interpreters")


def test_polite_restart(start):
    first, livy = start()
    session = livy.open("pyspark")
    livy.text(session, "kept = 'yes'")
    sql = livy.open("sql")
    livy.rows(sql, "select 7")
    first.process.send_signal(signal.SIGTERM)
    first.process.wait(30)

    _, livy = start()
    livy.wait_session(session)
    assert livy.text(session, "kept") == "'yes'"
    assert livy.statement(sql, 0)["output"]["data"]["application/json"]["data"] == [[7]]
    assert livy.rows(sql, "select 8") == [[8]]
    forget(livy)


def test_waiting_statements_run_after_the_restart_or_say_that_they_do_not(start):
    first, livy = start()
    session = livy.open("pyspark")
    running_one = livy.submit(session, "import time\ntime.sleep(2)\n'one'")
    waiting = livy.submit(session, "'two'")
    livy.wait(session, running_one, {"running"})
    first.kill()
    _, livy = start()
    livy.wait_session(session, ("idle", "busy"))
    assert livy.wait(session, running_one)["output"]["data"]["text/plain"] == "'one'"
    done = livy.wait(session, waiting)
    assert done["state"] == "cancelled" or done["output"]["status"] in ("ok", "error"), done
    assert livy.text(session, "3") == "3"
    forget(livy)


def test_lost_interpreter_is_told(start):
    """Never silently a fresh one: variables would be gone."""
    first, livy = start()
    session, fine = livy.open("pyspark"), livy.open("pyspark")
    livy.text(session, "kept = 1")
    livy.text(fine, "kept = 2")
    pid = int(livy.text(session, "import os; os.getpid()"))
    first.kill()
    os.kill(pid, signal.SIGKILL)
    _, livy = start()
    found = livy.wait_session(session, ("error", "dead"), seconds=60)
    assert any("interpreter" in line.lower() for line in livy.log_lines(session)), found
    assert livy.post_statement(session, "1").status == 500
    if found["state"] == "error":
        assert livy.statement(session, 0)["output"]["status"] == "ok", "what it answered is still there"
    livy.wait_session(fine)
    assert livy.text(fine, "kept") == "2"
    forget(livy)


def test_killed_twice(start):
    first, livy = start()
    session = livy.open("pyspark")
    livy.text(session, "kept = 1")
    number = livy.submit(session, "import time\nfor _ in range(80): time.sleep(0.1)\nkept += 1\nkept")
    livy.wait(session, number, {"running"})
    first.kill()
    second, livy = start()
    livy.wait_session(session, ("idle", "busy"))
    second.kill()
    _, livy = start()
    livy.wait_session(session, ("idle", "busy"))
    assert livy.wait(session, number)["output"]["data"]["text/plain"] == "2", "it ran once"
    assert livy.text(session, "kept") == "2"
    forget(livy)


def test_batch_goes_on(start, tmp_path):
    note = tmp_path / "go"
    (tmp_path / "app.py").write_text(f"import os, time\nprint('begun', flush=True)\nwhile not os.path.exists({str(note)!r}): time.sleep(0.05)\nprint('ended')\n")
    first, livy = start()
    batch = livy.batch(tmp_path / "app.py")
    wait_for(lambda: "begun" in livy.log_lines(batch, "/batches"), 60, "the start")
    done = livy.batch(tmp_path / "app.py", name="second")
    first.kill()
    _, livy = start()
    note.write_text("")
    for one in (batch, done):
        assert livy.wait_batch(one)["state"] in ("success", "dead")
    assert livy.wait_batch(batch)["state"] == "success" and "ended" in livy.log_lines(batch, "/batches")
    assert livy.batch(tmp_path / "app.py") == done + 1


def test_recovery_can_be_off(start):
    first, livy = start("livy.recovery=false")
    session = livy.open("pyspark")
    pid = int(livy.text(session, "import os; os.getpid()"))
    first.kill()
    _, livy = start("livy.recovery=false")
    reply = livy.get(f"/sessions/{session}")
    assert reply.status == 404 or reply.json["state"] in ("dead", "error", "killed"), reply
    wait_for(lambda: not running(pid), 30, "the end of what was left behind")


def test_orphans_end_themselves(own_hearth, tmp_path):
    server, livy = own_hearth("interpreter.orphan_timeout=2s", data_dir=str(tmp_path / "orphans"))
    session = livy.open("pyspark")
    pid = int(livy.text(session, "import os; os.getpid()"))
    server.kill()
    wait_for(lambda: not running(pid), 30, "the end of the orphan")
