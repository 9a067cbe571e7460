"""Cells: every line of the table that was measured on Apache Livy, and what ours does better."""

from __future__ import annotations

import pytest

HEAD = "Traceback (most recent call last):\n"
TABLE = "application/vnd.livy.table.v1+json"


def plain(text):
    return {"status": "ok", "data": {"text/plain": text}}


def table(headers, rows, text=None):
    data = {TABLE: {"headers": [{"name": name, "type": kind} for name, kind in headers], "data": rows}}
    return {"status": "ok", "data": data if text is None else {**data, "text/plain": text}}


def error(ename, evalue, traceback):
    return {"status": "error", "ename": ename, "evalue": evalue, "traceback": traceback}


def json_of(value, text=None):
    data = {"application/json": value}
    return {"status": "ok", "data": data if text is None else {**data, "text/plain": text}}


GOLDEN = [
    ("1 + 2", plain("3")),
    ("x = 1", plain("")),
    ("", plain("")),
    ("   ", plain("")),
    ("# c", plain("")),
    ("None", plain("")),
    ("x\n2\n'a'", plain("'a'")),
    ("print('a')\nprint('b\\n')\n3", plain("a\nb\n\n3")),
    ("import sys\nprint('o')\nprint('e', file=sys.stderr)\n5", plain("o\n5\ne")),
    ("for i in range(2):\n    i", plain("0\n1")),
    ("undefined_name", error("NameError", "name 'undefined_name' is not defined",
                             [HEAD, "NameError: name 'undefined_name' is not defined\n"])),
    ("def g():\n    raise ValueError('bad')\ng()",
     error("ValueError", "bad", [HEAD, '  File "<stdin>", line 2, in g\n', "ValueError: bad\n"])),
    ("raise KeyError('foo')", error("KeyError", "'foo'", [HEAD, "KeyError: 'foo'\n"])),
    ("class A(Exception): pass\nclass B(Exception): pass\nraise B('b') from A('a')",
     error("B", "b", [HEAD, "B: b\n"])),
    ("try:\n    1/0\nexcept Exception:\n    raise KeyError('k')", error("KeyError", "'k'", [HEAD, "KeyError: 'k'\n"])),
    ("%foo", error("UnknownMagic", "unknown magic command 'foo'", ["UnknownMagic: unknown magic command 'foo'\n"])),
    ("%", error("UnknownMagic", "magic command not specified", ["UnknownMagic: magic command not specified\n"])),
    ("% x", error("UnknownMagic", "magic command not specified", ["UnknownMagic: magic command not specified\n"])),
    ("d=[[1,'a'],[3,'b']]\n%json d", json_of([[1, "a"], [3, "b"]])),
    ("%table d", table([("0", "INT_TYPE"), ("1", "STRING_TYPE")], [[1, "a"], [3, "b"]])),
    ("%table  d", table([("0", "INT_TYPE"), ("1", "STRING_TYPE")], [[1, "a"], [3, "b"]])),
    ("%table d\n1+2", plain("3")),
    ("1+2\n%table d", table([("0", "INT_TYPE"), ("1", "STRING_TYPE")], [[1, "a"], [3, "b"]], "3")),
    ("print('p')\n%json d", json_of([[1, "a"], [3, "b"]], "p")),
    ("rows = [{'b': None, 'a': 'x'}, {'a': 'y', 'b': 2}]\n%table rows",
     table([("a", "STRING_TYPE"), ("b", "INT_TYPE")], [["x", None], ["y", 2]])),
    ("import datetime, decimal\n"
     "row = [True, 1, 1.5, 's', None, datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5),"
     " decimal.Decimal('1.10'), [1, (2,)], {'k': decimal.Decimal('2')}, 1j]\n%table [row]",
     table([(str(n), f"{kind}_TYPE") for n, kind in enumerate(
         "BOOLEAN INT DOUBLE STRING NULL DATE TIMESTAMP DECIMAL ARRAY MAP STRING".split())],
         [[True, 1, 1.5, "s", None, "2020-01-02", "2020-01-02 03:04:05", "1.10", [1, [2]], {"k": "2"}, "1j"]])),
    ("input()", error("EOFError", "EOF when reading a line", [HEAD, "EOFError: EOF when reading a line\n"])),
]


@pytest.fixture(scope="module")
def golden(_shared):
    """The lines of the table build on one another: the names they use are there for each."""
    _shared.run("x = 1\nd = [[1, 'a'], [3, 'b']]")
    return _shared


@pytest.mark.parametrize("code, expected", GOLDEN, ids=[repr(code)[:50] for code, _ in GOLDEN])
def test_golden(golden, code, expected):
    assert golden.run(code) == expected


def test_syntax_error_has_no_head_and_runs_nothing(python):
    output = python.run("fresh = 1\n'")
    assert output["ename"] == "SyntaxError"
    assert output["evalue"].endswith("(<stdin>, line 2)")
    assert output["traceback"][0] == '  File "<stdin>", line 2\n'
    assert output["traceback"][-1].startswith("SyntaxError: ")
    assert python.error("fresh")[0] == "NameError"


def test_syntax_error_beside_magic_runs_nothing(python):
    assert python.error("never = 1\n%json never\nif")[0] == "SyntaxError"
    assert python.error("never")[0] == "NameError"


def test_line_numbers_count_from_the_start_of_the_cell(python):
    output = python.run("v = 1\n%json v\n\ndef late():\n    1 / 0\nlate()")
    assert output["traceback"][1].startswith('  File "<stdin>", line 5, in late')


def test_exit_is_an_error_and_the_process_lives(python):
    for code in ("exit()", "quit()"):
        assert python.error(code) == ("SystemExit", "None")
    assert python.error("import sys; sys.exit()") == ("SystemExit", "")
    assert python.error("import sys; sys.exit(3)") == ("SystemExit", "3")
    assert python.error("input()")[0] == "EOFError"


def test_underscore_is_the_last_value(python):
    python.run("40 + 1")
    assert python.text("_ + 1") == "42"


def test_text_before_an_error_is_in_the_log_only(python):
    assert python.error("print('lost and found')\n1/0") == ("ZeroDivisionError", "division by zero")
    assert python.text("2") == "2"
    assert "lost and found\n" in python.log()


def test_output_below_python_is_in_the_log_only(python):
    code = "import os, subprocess\nos.write(1, b'by descriptor\\n')\n_ = subprocess.run(['echo', 'by program'])\n1"
    assert python.text(code) == "1"
    assert "by descriptor\nby program\n" in python.log()


def test_streams_work_as_files(python):
    assert python.text("import sys\n_ = sys.stdout.buffer.write(b'raw')\nsys.stdout.fileno()") == "raw1"
    assert python.text("import sys\nsys.stdout.close()\nprint('open')") == "open"


def test_logging_of_an_earlier_cell_shows_in_the_later_one(python):
    python.run("import logging\nlog = logging.Logger('l')\nlog.addHandler(logging.StreamHandler())")
    assert python.text("log.warning('heard')") == "heard"


def test_errors_that_cannot_be_shown(python):
    code = "class Odd(Exception):\n    def __str__(self): raise RuntimeError('no')\nraise Odd"
    assert python.error(code) == ("Odd", "<no text: RuntimeError in str()>")


def test_half_surrogates_are_valid_json(python):
    assert python.text("print('\\ud800')") == "\\ud800"
    assert python.error("raise ValueError('\\ud800')") == ("ValueError", "?")


def test_deep_and_odd_code(python):
    assert python.error("(" * 5000)[0] in ("SyntaxError", "MemoryError")
    assert python.error("-" * 200_000 + "1")[0] in ("RecursionError", "MemoryError")
    assert python.error("x = '\0'")[0] in ("SyntaxError", "ValueError")
    assert python.error("def f(): return f()\nf()")[0] == "RecursionError"


@pytest.mark.parametrize("code, ename", [
    ("%json missing", "NameError"),
    ("%table missing", "NameError"),
    ("%json", "ValueError"),
    ("%table [[1], ['a']]", "TypeError"),
    ("%table [{'a': 1}, {'a': 'x'}]", "TypeError"),
    ("%json object()", "TypeError"),
    ("%json {(1, 2): 3}", "TypeError"),
    ("%json {1, 2}", "TypeError"),
    ("loop = []; loop.append(loop)\n%json loop", "RecursionError"),
    ("loop = []; loop.append(loop)\n%table [loop]", "RecursionError"),
    ("%matplot 1", "TypeError"),
    ("%json 1 +", "SyntaxError"),
])
def test_errors_of_magics_are_errors(python, code, ename):
    output = python.run(code)
    assert (output["status"], output["ename"]) == ("error", ename)


@pytest.mark.parametrize("value, expected", [
    ("float('nan')", None),
    ("[float('inf'), 1.0]", [None, 1.0]),
    ("__import__('decimal').Decimal('1.10')", "1.10"),
    ("__import__('datetime').date(2020, 1, 2)", "2020-01-02"),
    ("{1: 'a', None: 2, False: 3}", {"1": "a", "null": 2, "false": 3}),
    ("(1, [2, {'k': (3,)}])", [1, [2, {"k": [3]}]]),
    ("__import__('numpy').arange(3)", [0, 1, 2]),
    ("__import__('numpy').float64(0.5)", 0.5),
    ("'\\u00e9 \\u2028'", "é \u2028"),
    ("2 ** 70", 2 ** 70),
])
def test_json_values(python, value, expected):
    assert python.run(f"v = {value}\n%json v")["data"]["application/json"] == expected


@pytest.mark.parametrize("value, headers, rows", [
    ("5", [("0", "INT_TYPE")], [[5]]),
    ("[]", [], []),
    ("[1, 2.5]", [("0", "DOUBLE_TYPE")], [[1], [2.5]]),
    ("[[1], [2, 'b']]", [("0", "INT_TYPE"), ("1", "STRING_TYPE")], [[1, None], [2, "b"]]),
    ("[{'a': 1}, {'b': 's'}]", [("a", "INT_TYPE"), ("b", "STRING_TYPE")], [[1, None], [None, "s"]]),
    ("[[float('nan')]]", [("0", "DOUBLE_TYPE")], [[None]]),
    ("[{'m': {1: {'n': None}}}]", [("m", "MAP_TYPE")], [[{"1": {"n": None}}]]),
    ("{'z': 1, 'y': 'q'}", [("y", "STRING_TYPE"), ("z", "INT_TYPE")], [["q", 1]]),
    ("[__import__('pyspark').sql.Row(b=1, a=2)]", [("a", "INT_TYPE"), ("b", "INT_TYPE")], [[2, 1]]),
])
def test_table_values(python, value, headers, rows):
    assert python.run(f"v = {value}\n%table v") == table(headers, rows)


def test_plot_is_an_image(python):
    code = ("class Figure:\n    def savefig(self, file, format): file.write(b'PNG of ' + format.encode())\n"
            "class plt:\n    gcf = staticmethod(Figure)\n%matplot plt")
    assert python.run(code) == {"status": "ok", "data": {"image/png": "UE5HIG9mIHBuZw=="}}
    assert python.text("import os; os.environ['MPLBACKEND']") == "'Agg'"


def test_world_of_a_cell(python):
    assert python.text("import os; os.getcwd()") == repr(str(python.home))
    assert python.text("__name__") == "'__main__'"
    assert python.text("here = 1\nimport __main__; __main__.here") == "1"
    (python.home / "beside.py").write_text("value = 7")
    assert python.text("import beside; beside.value") == "7"
    assert python.error("import channel")[0] == "ModuleNotFoundError"


def test_functions_of_cells_pickle_by_value(python):
    code = ("from pyspark import cloudpickle\nfactor = 3\ndef triple(n): return n * factor\n"
            "import pickle\npickle.loads(cloudpickle.dumps(triple))(2)")
    assert python.text(code) == "6"


def test_children_print_to_the_log(python):
    code = ("import multiprocessing\ndef work(): print('from a child', flush=True)\n"
            "one = multiprocessing.get_context('fork').Process(target=work); one.start(); one.join(); one.exitcode")
    assert python.text(code) == "0"
    assert "from a child\n" in python.log()


def test_text_is_cut_at_the_limit(start):
    python = start()
    limited = python.run("print('é' * 10 ** 6)")["data"]["text/plain"]
    head, _, last = limited.rpartition("\n")
    assert head == "é" * (1024 * 1024 // 2)
    assert last == "… (output cut at 1048576 bytes: interpreter.max_output)"
    long = python.run("raise ValueError('x' * 3_000_000)")
    assert long["evalue"].endswith("interpreter.max_output)") and len(long["evalue"]) < 1_100_000
    assert sum(map(len, long["traceback"])) < 1_100_000
    assert python.error("v = 'x' * 2_000_000\n%json v")[0] == "OutputLimit"
    assert "interpreter.max_output" in python.error("%table [v]")[1]
    code = "import sys, resource\nfor n in range(300): sys.stdout.write('x' * 1_000_000)"
    assert python.text(code).endswith("interpreter.max_output)")
    assert int(python.text("resource.getrusage(resource.RUSAGE_SELF).ru_maxrss")) < 400_000
