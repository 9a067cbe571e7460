"""Limits: sessions, starting sessions, waiting statements, output, rows, memory, processes, time."""

import time

from harness.livy import wait_for


def test_sessions(own_hearth):
    _, livy = own_hearth("livy.max_sessions=3")
    ids = [livy.open("sql") for _ in range(3)]
    reply = livy.create("sql")
    assert reply.status == 400 and "msg" in reply.json and reply.json["msg"].startswith("Rejected"), reply
    assert livy.remove(ids[0]).status == 200
    assert livy.create("sql").status == 201
    assert livy.rows(ids[1], "select 1") == [[1]]


def test_starting_sessions(own_hearth):
    _, livy = own_hearth("livy.max_starting=1", "interpreter.pool=0")
    replies = [livy.create("pyspark") for _ in range(4)]
    refused = [reply for reply in replies if reply.status != 201]
    assert refused, "four at once with room for one"
    for reply in refused:
        assert reply.status == 400 and reply.json == {"msg": "Rejected, too many sessions are being created!"}, reply
    for reply in replies:
        if reply.status == 201:
            livy.wait_session(reply.json["id"])
    session = livy.open("pyspark")
    assert livy.text(session, "1") == "1"


def test_waiting_statements(own_hearth):
    _, livy = own_hearth("livy.max_waiting=5")
    session = livy.open("pyspark")
    first = livy.submit(session, "while True: pass")
    livy.wait(session, first, {"running"})
    replies = [livy.post_statement(session, "1") for _ in range(10)]
    accepted = [reply for reply in replies if reply.status == 201]
    assert 4 <= len(accepted) <= 6, replies
    assert all(reply.status in (400, 429, 500) and reply.body for reply in replies if reply.status != 201), replies
    livy.cancel(session, first)
    assert livy.wait(session, accepted[-1].json["id"])["state"] == "available"
    assert livy.text(session, "2") == "2"


def test_output(own_hearth):
    _, livy = own_hearth("interpreter.max_output=64k")
    session = livy.open("pyspark")
    text = livy.text(session, "print('x' * 1_000_000)")
    assert len(text) < 70_000 and "interpreter.max_output" in text.splitlines()[-1], text[-200:]
    output = livy.failure(session, "d = ['y' * 1_000_000]\n%json d")
    assert output["ename"] == "OutputLimit" and "interpreter.max_output" in output["evalue"], output
    assert livy.text(session, "for _ in range(100_000): print('line')\n").count("line") < 20_000
    assert livy.text(session, "1") == "1"


def test_rows(own_hearth):
    _, livy = own_hearth("livy.sql_rows=7")
    session = livy.open("sql")
    assert livy.rows(session, "select id from range(100) order by id") == [[n] for n in range(7)]


def test_memory(own_hearth):
    _, livy = own_hearth("interpreter.memory=600m", "interpreter.pool=0")
    session, other = livy.open("pyspark"), livy.open("pyspark")
    number = livy.submit(session, "x = [bytearray(50_000_000) for _ in range(100)]\nimport time\ntime.sleep(60)")

    def over():
        found = livy.get(f"/sessions/{session}/statements/{number}")
        return found.status != 200 or found.json["state"] == "available"

    wait_for(over, 60, "the limit of memory")
    found = livy.statement(session, number) if livy.session(session)["state"] == "error" else None
    if found is None:
        # A MemoryError leaves the session alive.
        assert livy.text(session, "1") == "1"
    else:
        assert "memory" in found["output"]["evalue"], found
    assert livy.text(other, "1 + 1") == "2"


def test_processes(own_hearth):
    _, livy = own_hearth("interpreter.processes=20", "interpreter.pool=0")
    session, other = livy.open("pyspark"), livy.open("pyspark")
    code = ("import subprocess, time\nchildren = []\nfor _ in range(60):\n    children.append(subprocess.Popen(['sleep', '600']))\ntime.sleep(20)\nlen(children)")
    number = livy.submit(session, code)
    done = wait_for(lambda: livy.session(session)["state"] == "error" or livy.statement(session, number)["state"] == "available", 60, "the limit of processes")
    assert done
    if livy.session(session)["state"] == "idle":
        assert livy.statement(session, number)["output"]["status"] == "error"
    else:
        found = livy.statement(session, number)
        assert found["output"]["status"] == "error" and "processes" in found["output"]["evalue"], found
    assert livy.text(other, "1 + 1") == "2"


def test_time_of_a_statement(own_hearth):
    _, livy = own_hearth("livy.statement_timeout=1s")
    session = livy.open("pyspark")
    began = time.monotonic()
    done = livy.wait(session, livy.submit(session, "while True: pass"), seconds=30)
    assert time.monotonic() - began < 15
    assert done["state"] == "cancelled" or done["output"]["status"] == "error", done
    assert livy.text(session, "1") == "1"


def test_a_stuck_interpreter_is_killed_after_the_grace(own_hearth, tmp_path):
    _, livy = own_hearth("interpreter.cancel_grace=1s")
    session, other = livy.open("pyspark"), livy.open("pyspark")
    code = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
    code += f"open({str(tmp_path / 'deaf')!r}, 'w').close()\nwhile True: pass"
    number = livy.submit(session, code)
    waiting = livy.submit(session, "1")
    wait_for((tmp_path / "deaf").exists, 30, "the code")
    livy.cancel(session, number)
    found = livy.wait_session(session, ("error", "dead"), seconds=30)
    assert any("cancel_grace" in line or "kill" in line.lower() for line in found["log"]), found
    assert livy.wait(session, number)["state"] in ("cancelled", "available")
    assert livy.statement(session, waiting)["state"] != "running"
    reply = livy.post_statement(session, "1")
    assert reply.status == 500 and reply.json == f"java.lang.IllegalStateException: Session is in state {found['state']}", reply
    assert livy.text(other, "1 + 1") == "2"
    assert livy.remove(session).status == 200
