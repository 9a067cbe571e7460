"""The protocol: connections that come and go, requests in turn and at once, answers that are never lost."""

from __future__ import annotations

import base64
import os
import signal
import time
import zipfile

import pytest
from driver import PROGRAM, Ended
from pyspark import cloudpickle


def interrupted(output):
    return output["status"] == "error" and output["ename"] == "KeyboardInterrupt"


def test_attach_tells_who_is_there(python):
    hello = python.hello
    assert hello["language"] == "python"
    assert hello["pid"] == python.process.pid
    assert hello["bound"] is False and hello["running"] is None
    assert hello["version"].startswith("3.")


def test_attach_must_come_first(start):
    python = start()
    python.hang_up()
    python.dial()
    answer = python.call("execute", code="1")
    assert "attach" in answer["refused"]
    with pytest.raises(Ended):
        python.receive()
    python.dial()
    assert "protocol" in python.call("attach", protocol=2)["refused"]
    assert python.connect()["pid"] == python.process.pid


@pytest.mark.parametrize("body, length", [
    (b"no json", None), (b"[]", None), (b'{"op":"stop"}', None), (b'{"id":"1","op":"stop"}', None),
    (b"\xff\xfe", None), (b"[" * 100_000, None), (b"", 2 ** 31), (b"", 0),
])
def test_garbage_ends_the_connection_only(start, body, length):
    python = start()
    python.raw(body, length)
    try:
        assert "refused" in python.receive()
        python.receive()
        pytest.fail("the connection is open")
    except Ended:
        pass
    python.connect()
    assert python.text("1 + 1") == "2"


def test_wrong_requests_are_refused(python):
    for op, fields in [("nothing", {}), ("attach", {"protocol": 1}), ("execute", {}), ("execute", {"code": 1}),
                       ("cancel", {}), ("complete", {"code": "a", "cursor": "1"}), ("add", {"kind": "x", "path": "/x"}),
                       ("add", {"kind": "file", "path": "/no/such/file"}), ("bind", {}), ("job", {"job": None})]:
        assert "refused" in python.call(op, **fields), op
    assert python.text("1") == "1"


def test_newer_connection_replaces_older(start):
    python = start()
    older = python.peer
    python.connect()
    assert older.recv(1) == b""
    assert python.text("1") == "1"
    older.close()


def test_answers_survive_connections(start):
    python = start()
    first = python.send("execute", code="1")
    python.answer(first)
    slow = python.send("execute", code="import time; time.sleep(0.3); 2")
    waiting = python.send("execute", code="3")
    time.sleep(0.1)
    python.hang_up()
    hello = python.connect()
    assert hello["running"] == slow
    assert python.receive() == {"id": first, "ok": {"status": "ok", "data": {"text/plain": "1"}}}
    assert python.answer(slow)["ok"]["data"]["text/plain"] == "2"
    assert python.answer(waiting)["ok"]["data"]["text/plain"] == "3"
    python.send("ack", target=first)
    python.send("ack", target=slow)
    python.connect()
    assert python.receive()["id"] == waiting


def test_request_is_not_run_twice(start):
    python = start()
    number = python.send("execute", code="count = globals().get('count', 0) + 1; count")
    first = python.answer(number)
    assert python.call("execute", id=number, code="count = 100; count") == first
    assert python.call("execute", id=99, code="count")["ok"]["data"]["text/plain"] == "1"
    python.send("ack", target=99)
    assert "acknowledged" in python.call("execute", id=99, code="1")["refused"]
    slow = python.send("execute", id=100, code="import time; time.sleep(0.2); 'once'")
    python.send("execute", id=100, code="'twice'")
    assert python.answer(slow)["ok"]["data"]["text/plain"] == "'once'"
    python._next = 200
    assert python.text("count") == "1"


@pytest.mark.parametrize("code", [
    "import time\ntime.sleep(60)",
    "while True: pass",
    "import subprocess\nsubprocess.run(['sleep', '60'])",
    "import os\nos.system('sleep 60')\nos.system('sleep 60')\nwhile True: pass",
    "import threading\nthreading.Event().wait()",
    "import re\nwhile True: re.match('(a+)+$', 'a' * 18 + 'b')",
    "try:\n    while True: pass\nfinally:\n    cleaned = True",
])
def test_cancel_interrupts(python, code):
    output, seconds = python.cancel_soon(python.send("execute", code=code))
    assert interrupted(output)
    assert seconds < 3
    assert output["traceback"][-1] == "KeyboardInterrupt\n"
    assert not any("hearth_interpreter" in line for line in output["traceback"])
    assert python.text("'next'") == "'next'"


def test_cancel_leaves_traceback_of_the_user(python):
    code = "import time\ndef inner():\n    time.sleep(60)\ninner()"
    output, _ = python.cancel_soon(python.send("execute", code=code))
    assert output["traceback"][1:] == ['  File "<stdin>", line 3, in inner\n', "KeyboardInterrupt\n"]


def test_cancel_of_what_waits_and_of_what_ended(python):
    slow = python.send("execute", code="import time; time.sleep(0.3); 'slow'")
    waiting = python.send("execute", code="ran = True")
    python.send("cancel", target=waiting)
    assert interrupted(python.answer(waiting)["ok"])
    assert python.answer(slow)["ok"]["data"]["text/plain"] == "'slow'"
    python.ok("cancel", target=slow)
    python.ok("cancel", target=12345)
    assert python.error("ran")[0] == "NameError"


def test_cancelled_files_are_refused(python, tmp_path):
    (tmp_path / "late.txt").write_text("")
    slow = python.send("execute", code="import time; time.sleep(0.3)")
    adds = python.send("add", kind="file", path=str(tmp_path / "late.txt"))
    python.send("cancel", target=adds)
    assert python.answer(adds)["refused"] == "cancelled"
    python.answer(slow)
    assert python.text("import os; os.path.exists('late.txt')") == "False"


def test_cancel_hits_no_other_request(python):
    """Cancels that race with the end of their request: the next one is never interrupted."""
    for pause in range(60):
        number = python.send("execute", code="for _ in range(2000): pass")
        time.sleep(pause * 0.00005)
        python.send("cancel", target=number)
        following = python.send("execute", code="'mine'")
        assert python.answer(following)["ok"] == {"status": "ok", "data": {"text/plain": "'mine'"}}


def test_interrupts_from_elsewhere_are_ignored(python):
    number = python.send("execute", code="import time; time.sleep(0.4); 'slept'")
    for _ in range(5):
        time.sleep(0.05)
        os.kill(python.process.pid, signal.SIGINT)
    assert python.answer(number)["ok"]["data"]["text/plain"] == "'slept'"
    python.run("import signal; _ = signal.signal(signal.SIGINT, signal.SIG_IGN)")
    output, _ = python.cancel_soon(python.send("execute", code="while True: pass"))
    assert interrupted(output)


def test_cancel_twice_beats_code_that_goes_on(python):
    number = python.send("execute", code="try:\n    while True: pass\nexcept BaseException: pass\nwhile True: pass")
    time.sleep(0.1)
    python.send("cancel", target=number)
    output, _ = python.cancel_soon(number)
    assert interrupted(output)


def test_stop_ends_with_0(start):
    python = start()
    python.send("execute", code="import time\ntime.sleep(60)")
    assert python.ok("stop") == {}
    assert python.process.wait(5) == 0


def test_orphan_ends_itself_and_its_children(start):
    python = start(orphan_timeout=0.5)
    child = int(python.text("import subprocess; subprocess.Popen(['sleep', '60']).pid"))
    time.sleep(0.8)
    assert python.text("1") == "1"
    python.hang_up()
    assert python.process.wait(5) == -signal.SIGKILL
    time.sleep(0.1)
    state = open(f"/proc/{child}/stat").read().split()[2] if os.path.exists(f"/proc/{child}") else "gone"
    assert state in ("Z", "gone")


def test_connection_without_attach_does_not_keep_an_orphan(start):
    python = start(orphan_timeout=0.5)
    python.hang_up()
    python.dial()
    assert python.process.wait(5) == -signal.SIGKILL


def test_forked_children_do_not_hold_the_connection(start):
    python = start()
    python.run("import os, time\nif os.fork() == 0:\n    time.sleep(3); os._exit(0)")
    number = python.send("execute", code="os._exit(7)")
    with pytest.raises(Ended):
        python.answer(number)
    assert python.process.wait(1) == 7


def test_forked_children_end_with_the_code(start):
    python = start()
    child = int(python.text("import os; pid = os.fork(); pid"))
    assert python.text(f"os.waitpid({child}, 0)[1]") == "0"


def test_without_pyspark_cells_run_and_bind_is_refused(start, tmp_path):
    (tmp_path / "pyspark").mkdir()
    (tmp_path / "pyspark" / "__init__.py").write_text("raise OSError('broken')")
    python = start(environment={"PYTHONPATH": str(tmp_path)})
    assert python.text("1 + 1") == "2"
    answer = python.call("bind", remote="sc://127.0.0.1:1", name="", conf={}, max_output=1000)
    assert "no PySpark with Spark Connect" in answer["refused"]
    assert python.error("spark")[0] == "NameError"


def test_runs_as_a_module(start):
    python = start(command=["-m", "hearth_interpreter"], environment={"PYTHONPATH": str(PROGRAM.parent)})
    assert python.text("1 + 1") == "2"


def test_crash_ends_the_process(start):
    python = start()
    python.send("execute", code="import ctypes\nctypes.string_at(0)")
    assert python.process.wait(5) == -signal.SIGSEGV
    assert "Segmentation fault" in python.log("stderr")


def test_files_are_found(python, tmp_path):
    (tmp_path / "data.txt").write_text("content")
    (tmp_path / "helper_one.py").write_text("name = 'one'")
    with zipfile.ZipFile(tmp_path / "lib.zip", "w") as archive:
        archive.writestr("helper_two.py", "name = 'two'")
    with zipfile.ZipFile(tmp_path / "tree.zip", "w") as archive:
        archive.writestr("inside/leaf.txt", "leaf")
    for kind, name, fields in [("file", "data.txt", {"name": "renamed.txt"}), ("pyfile", "helper_one.py", {}),
                               ("pyfile", "lib.zip", {}), ("archive", "tree.zip", {"name": "tree"})]:
        assert python.ok("add", kind=kind, path=str(tmp_path / name), **fields) == {}
    assert python.ok("add", kind="archive", path=f"{tmp_path}/tree.zip#other") == {}
    assert python.text("open('renamed.txt').read()") == "'content'"
    assert python.text("import helper_one, helper_two; helper_one.name + helper_two.name") == "'onetwo'"
    assert python.text("open('tree/inside/leaf.txt').read() + open('other/inside/leaf.txt').read()") == "'leafleaf'"


def test_jobs_give_pickled_results(python):
    def job(context):
        context.shared_variables.set("seen", 41)
        print("from a job")
        return {"folder": context.local_tmp_dir_path}

    def result(function):
        answer = python.ok("job", job=base64.b64encode(cloudpickle.dumps(function)).decode())
        return cloudpickle.loads(base64.b64decode(answer["result"]))

    assert result(job)["folder"].startswith(str(python.folder / "tmp"))
    assert result(lambda context: context.shared_variables.get("seen") + 1) == 42
    assert "from a job\n" in python.log()


def test_jobs_that_fail_give_their_traceback(python):
    job = base64.b64encode(cloudpickle.dumps(lambda context: 1 / 0)).decode()
    text = python.ok("job", job=job)["error"]
    assert text.startswith("Traceback") and text.endswith("ZeroDivisionError: division by zero\n")
    assert "hearth_interpreter" not in text
    assert "error" in python.ok("job", job="no base64!")
    assert "error" in python.ok("job", job=base64.b64encode(b"no pickle").decode())
    number = python.send("job", job=base64.b64encode(cloudpickle.dumps(lambda context: input() or exit(1))).decode())
    assert "EOFError" in python.answer(number)["ok"]["error"]


APPLICATIONS = [
    ("import sys; print(sys.argv[1:], __name__, __file__ == sys.argv[0])", 0, "['a b', '2'] __main__ True\n", ""),
    ("import sys; sys.exit(3)", 3, "", ""),
    ("import sys; sys.exit('why')", 1, "", "why\n"),
    ("raise SystemExit(-1)", 255, "", ""),
    ("print('early')\ndef f():\n    return 1 / 0\nf()", 1, "early\n", "line 3, in f\n    return 1 / 0"),
    ("def", 1, "", "SyntaxError"),
    ("import atexit; atexit.register(print, 'late'); print('on time')", 0, "on time\nlate\n", ""),
    ("import threading, time\ndef w():\n    time.sleep(0.1); print('joined')\nthreading.Thread(target=w).start()",
     0, "joined\n", ""),
    ("import beside; print(beside.value)", 0, "8\n", ""),
]


@pytest.mark.parametrize("source, code, out, err", APPLICATIONS, ids=[repr(one[0])[:40] for one in APPLICATIONS])
def test_application(start, tmp_path, source, code, out, err):
    python = start()
    (tmp_path / "app.py").write_text(source)
    (tmp_path / "beside.py").write_text("value = 8")
    number = python.send("application", file=str(tmp_path / "app.py"), args=["a b", "2"])
    assert python.answer(number) == {"id": number, "ok": {"exit": code}}
    assert python.log() == out
    assert err in python.log("stderr") and "hearth_interpreter" not in python.log("stderr")
    assert python.process.poll() is None
    python.send("ack", target=number)
    assert python.process.wait(5) == code


def test_application_is_cancelled(start, tmp_path):
    python = start()
    (tmp_path / "app.py").write_text("import time\nprint('begun', flush=True)\ntime.sleep(60)")
    number = python.send("application", file=str(tmp_path / "app.py"), args=[])
    while "begun" not in python.log():
        time.sleep(0.01)
    output, seconds = python.cancel_soon(number, after=0)
    assert output == {"exit": 130} and seconds < 3
    assert "KeyboardInterrupt" in python.log("stderr")


@pytest.mark.parametrize("code, has, has_not", [
    ("pri", {"print"}, {"property"}),
    ("import os\nos.pa", {"path", "pathsep"}, {"getcwd"}),
    ("mine.na", {"named", "nature"}, {"name_of_other"}),
    ("mine.", {"named"}, {"__init__", "_hidden"}),
    ("mine._", {"_hidden", "__init__"}, {"named"}),
    ("mine.made().upp", {"upper"}, {"lower"}),
    ("mine.text.low", {"lower"}, {"upper"}),
    ("'a'.star", {"startswith"}, set()),
    ("[].app", {"append"}, set()),
    ("table['al", {"alpha"}, {"beta"}),
    ("x = f(table['alpha'].", set(), {"print"}),
    ("frame['c", {"column"}, set()),
    ("whi", {"while"}, set()),
    ("impor", {"import"}, set()),
    ("import jso", {"json"}, set()),
    ("nothing.here.", set(), {"print"}),
    ("trap.", {"harmless"}, {"sprung"}),
    ("", {"print", "for"}, set()),
])
def test_completion(python, code, has, has_not):
    python.run(
        "import os, pandas\n"
        "class Mine:\n    named = 1\n    _hidden = 2\n    @property\n    def text(self) -> str: raise SystemError\n"
        "    def __init__(self): self.nature = 1\n    def made(self) -> 'str': raise SystemError\n"
        "class Trap:\n    harmless = 1\n    def __getattr__(self, name): globals()['sprung'] = 1\n"
        "    def __getattribute__(self, name): globals()['sprung'] = 1\n    def __dir__(self): return ['sprung']\n"
        "mine, trap, table = Mine(), Trap(), {'alpha': 1, 'beta': 2}\n"
        "frame = pandas.DataFrame({'column': [1]})"
    )
    found = python.ok("complete", code=code + "  # rest", cursor=len(code))["candidates"]
    assert has <= set(found) and not has_not & set(found), found[:20]
    assert found == sorted(found) and len(found) <= 500
    assert python.error("sprung")[0] == "NameError"


def test_completion_answers_while_a_cell_runs(python):
    number = python.send("execute", code="import time; time.sleep(0.5); 'done'")
    started = time.monotonic()
    assert "print" in python.ok("complete", code="prin", cursor=4)["candidates"]
    assert time.monotonic() - started < 0.3
    assert python.answer(number)["ok"]["data"]["text/plain"] == "'done'"
