"""The protocol: attach, cancel, answers that are kept, a new server, the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from r_driver import PROGRAMS, Refused

CANCELLED = {"status": "error", "ename": "Interrupted", "evalue": "the statement was cancelled", "traceback": []}


def test_attach_says_what_this_is(plain_r):
    assert plain_r.about["language"] == "r"
    assert plain_r.about["version"].count(".") == 2
    assert plain_r.about["pid"] == plain_r.process.pid
    assert plain_r.about["bound"] is False
    assert plain_r.about["running"] is None


@pytest.mark.parametrize("code", [
    "while (TRUE) {}",
    "Sys.sleep(100)",
    "repeat tryCatch(stop('x'), error = function(e) NULL)",
    "system('sleep 100')",
    "invisible(system('sleep 100 | cat', intern = TRUE))",
    "reticulate::py_run_string('import time; time.sleep(100)')",
    "reticulate::py_run_string('while True: pass')",
    "sapply(1:1e7, function(i) sqrt(i))",
    "readLines(pipe('sleep 100'))",
])
def test_cancel_stops_code(plain_r, code):
    plain_r.run("kept <- 41")
    number = plain_r.send("execute", code=code)
    time.sleep(0.4)
    started = time.monotonic()
    assert plain_r.cancel(number) == CANCELLED
    assert time.monotonic() - started < 5
    assert plain_r.text("kept + 1") == "[1] 42"


def test_cancel_stops_a_query_and_leaves_nothing_running(bound_r, spark_server):
    number = bound_r.send("execute", code="collect(sql('select count(*) from range(1000000000000) where sqrt(id) > id'))")
    time.sleep(1)
    assert bound_r.cancel(number) == CANCELLED
    assert bound_r.text("collect(sql('select 1 as one'))") == "  one\n1   1"
    if spark_server.kind == "hearth":
        time.sleep(1)
        before = cpu_seconds(spark_server.pid)
        time.sleep(1)
        assert cpu_seconds(spark_server.pid) - before < 0.5


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_cancel_of_a_waiting_request(plain_r):
    first = plain_r.send("execute", code="Sys.sleep(0.5); 1")
    second = plain_r.send("execute", code="never <- TRUE")
    assert plain_r.cancel(second) == CANCELLED
    assert plain_r.answer(first)["data"] == {"text/plain": "[1] 1"}
    assert plain_r.text("exists('never')") == "[1] FALSE"


def test_cancel_of_an_ended_request_hits_nothing(plain_r):
    for _ in range(30):
        number = plain_r.send("execute", code="1")
        plain_r.answer(number)
        plain_r.ask("cancel", target=number)
        assert plain_r.text("2") == "[1] 2"


def test_cancels_at_any_moment_leave_a_working_interpreter(plain_r):
    for step in range(60):
        number = plain_r.send("execute", code="x <- 0; for (i in 1:20000) x <- x + i; x")
        time.sleep(step * 0.0003)
        answer = plain_r.cancel(number)
        assert answer == CANCELLED or answer["data"]["text/plain"] == "[1] 200010000"
        assert plain_r.text("2") == "[1] 2"


def test_requests_run_in_order(plain_r):
    numbers = [plain_r.send("execute", code=f"order_{at} <- {at}; order_{at}") for at in range(5)]
    assert [plain_r.answer(one)["data"]["text/plain"] for one in numbers] == [f"[1] {at}" for at in range(5)]


def test_unknown_requests_are_refused(plain_r):
    for op in ("job", "application", "nonsense"):
        with pytest.raises(Refused):
            plain_r.ask(op)
    assert plain_r.text("1") == "[1] 1"


def test_answers_wait_for_the_next_connection(fresh_r):
    r = fresh_r()
    number = r.send("execute", code="Sys.sleep(0.5); 'done'")
    other = r.send("execute", code="Sys.sleep(0.5); 'more'")
    time.sleep(0.1)
    r.reconnect()
    assert r.about["running"] == number
    assert r.answer(number)["data"]["text/plain"] == '[1] "done"'
    assert r.answer(other)["data"]["text/plain"] == '[1] "more"'
    r.send("ack", target=number)
    r.reconnect()
    r.send_as(other, "execute", code="'more'")
    assert r.answer(other)["data"]["text/plain"] == '[1] "more"'
    r.send_as(number, "execute", code="'again'")
    with pytest.raises(Refused):
        r.answer(number)


def test_a_new_server_takes_over(fresh_r, spark_server):
    r = fresh_r()
    r.bind(spark_server.url)
    r.run("df <- sql('select 7 as a')")
    r.bind(spark_server.url)
    assert r.text("collect(df)") == "  a\n1 7"
    assert r.text("collect(sql('select 8 as a'))") == "  a\n1 8"


def test_files_arrive_in_the_home_folder(fresh_r, tmp_path):
    r = fresh_r()
    (tmp_path / "numbers.csv").write_text("a\n1\n")
    r.ask("add", kind="file", path=str(tmp_path / "numbers.csv"), name="numbers.csv")
    assert r.text("read.csv('numbers.csv')$a") == "[1] 1"


def test_stop_ends_everything(fresh_r):
    r = fresh_r()
    r.send("execute", code="Sys.sleep(100)")
    time.sleep(0.3)
    r.ask("stop")
    assert r.process.wait(10) == 0
    wait_for_the_end_of(r)


def test_an_orphan_ends_itself(fresh_r):
    r = fresh_r(orphan_seconds=1)
    r.send("execute", code="system('sleep 100')")
    time.sleep(0.2)
    r.socket.close()
    assert r.process.wait(15) == -signal.SIGKILL
    wait_for_the_end_of(r)


def test_death_of_r_ends_the_interpreter(fresh_r):
    r = fresh_r()
    number = r.send("execute", code="cat('last words\\n'); tools::pskill(Sys.getpid(), tools::SIGKILL)")
    with pytest.raises((EOFError, OSError)):
        r.answer(number)
    assert r.process.wait(10) == 1
    assert "R ended with signal 9" in r.log("stderr")
    assert "last words" in r.log()


def test_death_of_the_parent_ends_r(fresh_r):
    r = fresh_r()
    r.send("execute", code="while (TRUE) {}")
    time.sleep(0.3)
    os.kill(r.process.pid, signal.SIGKILL)
    r.process.wait(10)
    wait_for_the_end_of(r)


def test_a_machine_without_r_is_told_what_to_install(tmp_path):
    ended = subprocess.run([sys.executable, str(PROGRAMS / "r" / "main.py")], cwd=tmp_path, capture_output=True, text=True,
                           env={"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": str(PROGRAMS / "python")})
    assert ended.returncode == 1
    assert "apt-get install --no-install-recommends r-base-core r-cran-reticulate" in ended.stderr


def test_a_python_without_pyspark_is_named(tmp_path):
    ended = subprocess.run([sys.executable, str(PROGRAMS / "r" / "main.py")], cwd=tmp_path, capture_output=True, text=True,
                           env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(PROGRAMS / "python"),
                                "RETICULATE_PYTHON": "/usr/bin/python3"})
    assert ended.returncode == 1
    assert "/usr/bin/python3" in ended.stderr


def wait_for_the_end_of(r):
    """R is gone too: nothing has the interpreter's home as its current folder any more."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if not any(_folder(pid) == str(r.folder / "home") for pid in os.listdir("/proc") if pid.isdigit()
                   and _name(pid) == "R"):
            return
        time.sleep(0.1)
    raise AssertionError("R still runs")


def _folder(pid):
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None


def _name(pid):
    try:
        with open(f"/proc/{pid}/comm") as comm:
            return comm.read().strip()
    except OSError:
        return None
