"""PROTOCOL.md: connections, kept answers, cancelling, ending."""

import os
import struct
import time
import zipfile

import pytest


def gone(process, seconds):
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return process.poll() is not None


def test_attach_tells_about_the_interpreter(fresh, server):
    scala = fresh(bound=False)
    assert scala.attached == {
        "language": "scala", "version": "2.13.18", "pid": scala.process.pid, "bound": False, "running": None,
    }
    scala.bind(server.url)
    assert scala.connect().attached["bound"] is True
    assert "refused" in scala.ask("attach", protocol=2)


def test_no_code_runs_before_bind_but_much_is_ready(fresh, server):
    scala = fresh(bound=False)
    scala.ask("complete", code="spar", cursor=4)
    began = time.monotonic()
    scala.bind(server.url)
    assert time.monotonic() - began < 2
    assert scala.text("1") == "val res0: Int = 1\n"


@pytest.mark.parametrize("code", ["while (true) {}", "Thread.sleep(60000)", "while (true) { println(1) }",
                                  "try { while (true) {} } finally println(2)", "synchronized { wait() }"])
def test_cancel_stops_code(scala, code):
    number = scala.send("execute", code=code)
    time.sleep(1.0)
    began = time.monotonic()
    assert scala.ask("cancel", target=number)["ok"] == {}
    output = scala.answer(number, timeout=10)["ok"]
    scala.send("ack", target=number)
    assert output == {"status": "error", "ename": "Error", "evalue": "The statement was cancelled", "traceback": []}
    assert time.monotonic() - began < 5
    assert scala.text("val again = 1") == "val again: Int = 1\n"


def test_cancel_stops_a_query(scala):
    slow = 'spark.sql("select count(*) from range(30000000000) where id % 7 = 3 and hash(id) % 11 = 5").show()'
    number = scala.send("execute", code=slow)
    time.sleep(2.0)
    began = time.monotonic()
    scala.ask("cancel", target=number)
    output = scala.answer(number, timeout=20)["ok"]
    assert output["evalue"] == "The statement was cancelled"
    assert time.monotonic() - began < 8
    assert scala.text("print(spark.range(2).count)") == "2"


def test_cancel_of_what_waits_and_of_what_is_over(scala):
    first = scala.send("execute", code="Thread.sleep(1500); 1")
    second = scala.send("execute", code='println("never")')
    third = scala.send("execute", code="print(3)")
    scala.send("cancel", target=second)
    assert scala.answer(second)["ok"]["evalue"] == "The statement was cancelled"
    assert scala.answer(first)["ok"]["status"] == "ok"
    assert scala.answer(third)["ok"]["data"] == {"text/plain": "3"}
    assert scala.ask("cancel", target=first)["ok"] == {}
    assert "never" not in scala.log()
    assert scala.text("print(4)") == "4"


def test_answers_are_kept_until_acknowledged(scala):
    number = scala.send("execute", code="Thread.sleep(3000); print(5)")
    while scala.connect().attached["running"] != number:
        time.sleep(0.1)
    scala.connection.close()
    scala.connect()
    assert scala.answer(number)["ok"]["data"] == {"text/plain": "5"}
    scala.connect()
    assert scala.answer(number)["ok"]["data"] == {"text/plain": "5"}
    scala.send_as(number, "execute", code="Thread.sleep(3000); print(5)")
    assert scala.answer(number)["ok"]["data"] == {"text/plain": "5"}
    scala.send("ack", target=number)
    scala.ask("cancel", target=number)
    scala.connect()
    assert scala.text("print(6)") == "6"
    assert number not in scala.arrived
    assert "refused" in resent(scala, number)


def resent(scala, number):
    scala.send_as(number, "execute", code="print(7)")
    return scala.answer(number)


def test_a_newer_connection_replaces_the_older(scala):
    older = scala.connection
    scala.connect()
    older.settimeout(5)
    while older.recv(1024):
        pass
    assert scala.text("print(8)") == "8"


def test_a_frame_that_is_too_long_ends_the_connection(scala):
    scala.connection.sendall(struct.pack(">I", (256 << 20) + 1))
    with pytest.raises((EOFError, ConnectionError)):
        while True:
            scala.receive(5)
    assert scala.connect().text("print(9)") == "9"


def test_bind_again_moves_every_holder_of_the_session(scala, server):
    scala.run("val held = spark\ndef counted() = held.range(5).count\nimport held.implicits._")
    assert scala.text("print(counted())") == "5"
    scala.bind(server.url)
    assert scala.text("print(counted(), Seq(1, 2).toDF.count)") == "(5,2)"
    scala.bind("sc://127.0.0.1:9")
    scala.send_as(scala.ids + 1, "execute", code="counted()")
    scala.ids += 1
    number = scala.ids
    time.sleep(1)
    scala.send("cancel", target=number)
    assert scala.answer(number, timeout=20)["ok"]["status"] == "error"
    scala.bind(server.url)
    assert scala.text("print(counted())") == "5"


def test_jars_and_files(scala, server, tmp_path):
    jar = tmp_path / "extra.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("extra/words.txt", "from the jar")
    assert "refused" not in scala.ask("add", kind="jar", path=str(jar), name="extra.jar")
    scala.run("val loader = Thread.currentThread.getContextClassLoader")
    code = 'print(scala.io.Source.fromInputStream(loader.getResourceAsStream("extra/words.txt")).mkString)'
    assert scala.text(code) == "from the jar"
    (tmp_path / "data.txt").write_text("kept")
    assert scala.ask("add", kind="file", path=str(tmp_path / "data.txt"), name="data.txt")["ok"] == {}
    assert scala.text('print(scala.io.Source.fromFile("data.txt").mkString)') == "kept"
    assert "refused" in scala.ask("add", kind="pyfile", path=str(tmp_path / "data.txt"), name="data.py")


def test_what_the_interpreter_does_not_do_is_refused(scala):
    assert "Python" in scala.ask("job", job="")["refused"]
    assert "applications" in scala.ask("application", file="/x.jar", args=[])["refused"]
    assert "unknown" in scala.ask("dance")["refused"]


def test_stop(fresh):
    scala = fresh(bound=False)
    assert scala.ask("stop")["ok"] == {}
    assert gone(scala.process, 10) and scala.process.returncode == 0


def test_an_orphan_ends_with_all_that_it_started(fresh):
    scala = fresh(orphan_timeout=2.0)
    child = int(scala.text('print(new ProcessBuilder("sleep", "300").start().pid)'))
    scala.connection.close()
    assert gone(scala.process, 15)
    time.sleep(0.2)
    assert not os.path.exists(f"/proc/{child}") or "Z" in open(f"/proc/{child}/stat").read()
