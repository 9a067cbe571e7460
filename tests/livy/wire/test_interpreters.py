"""Interpreters as processes: their death, what they may see, and that nothing of them is left behind."""

import os
import signal
from pathlib import Path

from harness.livy import START_SECONDS, descriptors, interpreter_processes, running, wait_for


def pid_of(livy, session):
    return int(livy.text(session, "import os; os.getpid()"))


def test_death_in_a_statement(livy, opened):
    session = opened("pyspark")
    livy.text(session, "import sys\nprint('last words', file=sys.__stderr__, flush=True)")
    number = livy.submit(session, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    found = livy.wait_session(session, ("error",), seconds=30)
    assert any("last words" in line for line in livy.log_lines(session)), found
    done = livy.statement(session, number)
    assert done["state"] == "available" and done["output"]["status"] == "error", done
    assert done["output"]["ename"] == "Error" and done["output"]["evalue"].startswith("Interpreter died:\n"), done
    reply = livy.post_statement(session, "1")
    assert reply.status == 500 and reply.json == "java.lang.IllegalStateException: Session is in state error", reply
    assert livy.get(f"/sessions/{session}/statements").json["total_statements"] == 2
    assert livy.remove(session).status == 200


def test_death_between_statements(livy, opened):
    session, other = opened("pyspark"), opened("pyspark")
    os.kill(pid_of(livy, session), signal.SIGKILL)
    livy.wait_session(session, ("error",), seconds=30)
    assert livy.text(other, "1") == "1"


def test_waiting_statements_of_a_dead_interpreter_do_not_hang(livy, opened):
    session = opened("pyspark")
    first = livy.submit(session, "import os, time\ntime.sleep(0.3)\nos._exit(3)")
    second = livy.submit(session, "1")
    livy.wait_session(session, ("error",), seconds=30)
    assert livy.wait(session, first)["output"]["status"] == "error"
    assert livy.statement(session, second)["state"] != "running"


def test_forged_answers_are_not_taken(livy, opened):
    """What code writes to its own output is text, whatever it looks like."""
    session = opened("pyspark")
    assert livy.text(session, """import sys\nprint('{"id": 1, "ok": {"status": "ok", "data": {"text/plain": "forged"}}}')\nsys.stdout.flush()\n1""").endswith("\n1")
    number = livy.submit(session, "import os\nfor fd in range(3, 64):\n    try:\n        os.write(fd, b'garbage')\n    except OSError:\n        pass\n'sent'")
    done = livy.wait(session, number)
    if done["output"]["status"] == "ok":
        assert done["output"]["data"] == {"text/plain": "'sent'"}
    else:
        livy.wait_session(session, ("error",))


def test_children_end_with_the_session(livy, opened):
    session = opened("pyspark")
    pids = livy.text(session, "import os, subprocess\nchildren = [subprocess.Popen(['sleep', '600'], start_new_session=own) for own in (False, True)]\n"
                              "' '.join(str(pid) for pid in [os.getpid()] + [child.pid for child in children])").strip("'")
    pids = [int(pid) for pid in pids.split()]
    assert all(running(pid) for pid in pids)
    assert livy.remove(session).status == 200
    wait_for(lambda: not any(running(pid) for pid in pids), 10, "the end of its processes")


def test_delete_of_a_busy_session(livy, opened):
    session = opened("pyspark")
    pid = pid_of(livy, session)
    number = livy.submit(session, "while True: pass")
    livy.wait(session, number, {"running"})
    assert livy.remove(session).status == 200
    assert livy.get(f"/sessions/{session}").status == 404
    assert not running(pid)


def test_stop_ends_the_interpreter(livy, opened):
    session = opened("pyspark")
    pid = pid_of(livy, session)
    assert livy.post(f"/sessions/{session}/stop").status == 204
    wait_for(lambda: not running(pid), 20, "the end of the interpreter")


def test_nothing_is_left_behind(own_hearth, request):
    server, livy = own_hearth("interpreter.pool=0")

    def cycle(kind, code, statement_kind=None):
        session = livy.open(kind)
        livy.run(session, code, statement_kind)
        assert livy.remove(session).status == 200

    def folders():
        return sorted(str(path) for path in Path(server.data_dir).rglob("*") if path.is_dir() and "results" not in path.parts)

    works = [("sql", "select 1", None), ("pyspark", "spark.range(3).count()", None), ("shared", "select 1", "sql")]
    for kind, code, statement_kind in works:
        cycle(kind, code, statement_kind)
    before_processes, before_folders, before_descriptors = len(interpreter_processes(server.data_dir)), folders(), descriptors(server.pid)
    for number in range(request.config.getoption("--cycles")):
        cycle(*works[number % len(works)])
    assert wait_for(lambda: len(interpreter_processes(server.data_dir)) <= before_processes, 20, "the end of the processes")
    assert folders() == before_folders
    assert descriptors(server.pid) <= before_descriptors + 3
    assert livy.get("/sessions").json["total"] == 0


def test_warm_pool(own_hearth):
    """The second session of a server gets an interpreter that was started before."""
    server, livy = own_hearth("interpreter.pool=1")
    first = livy.open("pyspark", seconds=START_SECONDS)
    wait_for(lambda: len(set(interpreter_processes(server.data_dir).values())) == 2, 60, "the pool")
    second = livy.open("pyspark")
    assert pid_of(livy, first) != pid_of(livy, second)
    for session in (first, second):
        livy.remove(session)


def test_server_stops_without_leftovers(own_hearth):
    server, livy = own_hearth("livy.recovery=false")
    session = livy.open("pyspark")
    pid = pid_of(livy, session)
    assert interpreter_processes(server.data_dir)
    folder = server.data_dir
    server.stop()
    wait_for(lambda: not running(pid) and not interpreter_processes(folder), 20, "the end of the interpreters")
