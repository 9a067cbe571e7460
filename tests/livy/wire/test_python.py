"""What Python code answers: the table that was measured with Livy's own interpreter, and Spark behind it."""

import ast
import base64
import datetime
import math

import pytest

NO_OUTPUT = ["x = 1", "", "  \n ", "# c", "None", "def f():\n    return 1", "import math", "x = 5; y = 6", "\n\n"]


@pytest.mark.parametrize("code", NO_OUTPUT)
def test_nothing_to_say(livy, python, code):
    assert livy.text(python, code) == ""


@pytest.mark.parametrize("code,text", [
    ("1 + 2", "3"),
    ("x = 1\n2\n'a'", "'a'"),
    ("print('a')\nprint('b\\n')\n3", "a\nb\n\n3"),
    ("import sys\nprint('e', file=sys.stderr)\nprint('o')\n5", "o\n5\ne"),
    ("for i in range(2):\n    i", "0\n1"),
    ("if True:\n    'yes'", "'yes'"),
    ("1; 2; 3", "3"),
    ("print('x', end='')", "x"),
    ("print('x   \\n\\n')", "x"),
    ("7\n# last", "7"),
    ("7\n\n\n", "7"),
    ("'''a\nb'''", "'a\\nb'"),
    ("__name__", "'__main__'"),
    ("[i for i in range(3)]", "[0, 1, 2]"),
    ("y = 3\n[y for _ in range(2)]", "[3, 3]"),
    ("class C:\n    def __repr__(self): return 'C!'\nC()", "C!"),
    ("async_ = 1\n(lambda: async_)()", "1"),
    ("from __future__ import annotations\n1", "1"),
    ("def f():\n\treturn 1\nf()", "1"),
    ("a = 1; b = 2; a + b", "3"),
    ("b'bytes'", "b'bytes'"),
    ("'ä€😀'", "'ä€😀'"),
    ("1\n2\n\n3", "3"),
    ("import os; os.write(1, b'raw\\n') and 4", "4"),
])
def test_golden(livy, python, code, text):
    assert livy.text(python, code) == text


def test_last_value_is_kept(livy, python):
    # A name of the code's own would hide it.
    livy.text(python, "globals().pop('_', None)\n40 + 2")
    assert livy.text(python, "_ + 1") == "43"


def test_state_is_kept(livy, python):
    livy.text(python, "import json as js\nclass K:\n    v = 1\ndef g(n):\n    return n + K.v")
    assert livy.text(python, "js.dumps([g(1)])") == "'[2]'"


def test_unknown_name(livy, python):
    output = livy.failure(python, "undefined_name")
    assert (output["ename"], output["evalue"]) == ("NameError", "name 'undefined_name' is not defined")
    assert output["traceback"] == ["Traceback (most recent call last):\n", "NameError: name 'undefined_name' is not defined\n"]


def test_traceback_has_the_frames_of_the_code(livy, python):
    livy.text(python, "def g():\n    raise ValueError('bad')")
    output = livy.failure(python, "g()")
    assert (output["ename"], output["evalue"]) == ("ValueError", "bad")
    assert output["traceback"] == ["Traceback (most recent call last):\n", '  File "<stdin>", line 2, in g\n', "ValueError: bad\n"]


def test_key_error(livy, python):
    assert livy.failure(python, "raise KeyError('foo')")["evalue"] == "'foo'"


def test_exception_without_a_text(livy, python):
    output = livy.failure(python, "raise RuntimeError")
    assert (output["ename"], output["evalue"], output["traceback"][-1]) == ("RuntimeError", "", "RuntimeError\n")


def test_own_exception(livy, python):
    output = livy.failure(python, "class Mine(Exception): pass\nraise Mine('x', 1)")
    assert (output["ename"], output["evalue"]) == ("Mine", "('x', 1)")


def test_chained_exceptions_show_the_last_one(livy, python):
    output = livy.failure(python, "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('b') from e")
    assert output["ename"] == "ValueError" and not any("ZeroDivisionError" in line for line in output["traceback"])


@pytest.mark.parametrize("code", ["x_never = 1\n'", "x_never = 1\nif", "x_never = 1\n  y = 2", "(", "x_never = = 2", "def f(:\n  pass"])
def test_syntax_errors_run_nothing(livy, python, code):
    output = livy.failure(python, code)
    with pytest.raises(SyntaxError) as raised:
        ast.parse(code, "<stdin>")
    expected = raised.value
    assert (output["ename"], output["evalue"]) == (type(expected).__name__, str(expected))
    assert output["traceback"][0] == f'  File "<stdin>", line {expected.lineno}\n'
    assert output["traceback"][-1] == f"{type(expected).__name__}: {expected.msg}\n"
    assert livy.text(python, "'x_never' in globals()") == "False"


def test_syntax_error_in_full(livy, python):
    output = livy.failure(python, "x = 1\n'")
    message = ast_error("x = 1\n'")
    assert output["evalue"] == f"{message} (<stdin>, line 2)"
    assert output["traceback"] == ['  File "<stdin>", line 2\n', "    '\n", "    ^\n", f"SyntaxError: {message}\n"]


def ast_error(code):
    try:
        ast.parse(code)
    except SyntaxError as error:
        return error.msg


@pytest.mark.parametrize("code,message", [("%foo", "unknown magic command 'foo'"), ("%", "magic command not specified"), ("% x", "magic command not specified"),
                                          ("%foo bar", "unknown magic command 'foo'"), ("1\n%foo", "unknown magic command 'foo'")])
def test_unknown_magic(livy, python, code, message):
    output = livy.failure(python, code)
    assert (output["ename"], output["evalue"]) == ("UnknownMagic", message)
    assert output["traceback"] == [f"UnknownMagic: {message}\n"]


def test_json(livy, python):
    assert livy.data(python, "d = [[1, 'a'], [3, 'b']]\n%json d") == {"application/json": [[1, "a"], [3, "b"]]}
    assert livy.data(python, "%json d") == {"application/json": [[1, "a"], [3, "b"]]}
    assert livy.data(python, "d = {'k': [None, True, 1.5, 'ü']}\n%json d") == {"application/json": {"k": [None, True, 1.5, "ü"]}}
    assert livy.data(python, "print('p')\n%json d") == {"application/json": {"k": [None, True, 1.5, "ü"]}, "text/plain": "p"}


def test_magics_with_more_blanks(livy, python):
    livy.text(python, "d = [1]")
    for code in ("%json  d", "%json d  ", "%json\td"):
        assert livy.data(python, code)["application/json"] == [1], code


@pytest.mark.parametrize("magic", ["json", "table"])
def test_magic_of_a_name_that_is_not_there(livy, python, magic):
    output = livy.failure(python, f"%{magic} not_there")
    assert output["ename"] in ("NameError", "KeyError") and "not_there" in output["evalue"], output
    assert livy.text(python, "1") == "1"


def table(headers, rows):
    return {"application/vnd.livy.table.v1+json": {"headers": [{"name": name, "type": kind} for name, kind in headers], "data": rows}}


def test_table(livy, python):
    expected = table([("0", "INT_TYPE"), ("1", "STRING_TYPE")], [[1, "a"], [3, "b"]])
    assert livy.data(python, "d = [[1, 'a'], [3, 'b']]\n%table d") == expected
    assert livy.data(python, "d = [(1, 'a'), (3, 'b')]\n%table d") == expected
    data = livy.data(python, "1 + 2\n%table d")
    assert data == {**expected, "text/plain": "3"}
    assert livy.data(python, "%table d\n1 + 2") == {"text/plain": "3"}


def test_table_of_dicts(livy, python):
    data = livy.data(python, "d = [{'b': None, 'a': 1}, {'a': 2, 'b': 'x'}]\n%table d")
    assert data == table([("a", "INT_TYPE"), ("b", "STRING_TYPE")], [[1, None], [2, "x"]])


def test_table_types(livy, python):
    code = """import datetime, decimal
d = [[True, 1, 1.5, 's', None, datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5), decimal.Decimal('1.50'), [1], (2,), {'k': 1}]]
%table d"""
    [found] = livy.data(python, code).values()
    assert [header["type"] for header in found["headers"]] == [
        "BOOLEAN_TYPE", "INT_TYPE", "DOUBLE_TYPE", "STRING_TYPE", "NULL_TYPE", "DATE_TYPE", "TIMESTAMP_TYPE", "DECIMAL_TYPE", "ARRAY_TYPE", "ARRAY_TYPE", "MAP_TYPE"]
    assert [header["name"] for header in found["headers"]] == [str(n) for n in range(11)]
    assert found["data"][0][:5] == [True, 1, 1.5, "s", None] and found["data"][0][7:] == ["1.50", [1], [2], {"k": 1}]
    assert found["data"][0][5].startswith("2020-01-02") and found["data"][0][6].startswith("2020-01-02")


@pytest.mark.parametrize("code", ["d = [[1], ['a']]\n%table d", "import decimal\nd = decimal.Decimal('1')\n%json d", "d = object()\n%json d",
                                  "d = float('nan')\n%json d", "d = [[1], [1, 2]]\n%table d"])
def test_odd_values_of_magics_do_not_end_the_interpreter(livy, python, code):
    livy.text(python, "alive = 1")
    output = livy.run(python, code)
    assert output["status"] in ("ok", "error"), output
    assert livy.text(python, "alive") == "1"


def test_table_of_a_number_and_of_rows(livy, python):
    assert livy.data(python, "n = 5\n%table n") == table([("0", "INT_TYPE")], [[5]])
    assert livy.data(python, "from pyspark.sql import Row\nr = [Row(b=1, a='x')]\n%table r") == table([("a", "STRING_TYPE"), ("b", "INT_TYPE")], [["x", 1]])


def test_warnings_name_the_line(livy, python):
    assert livy.text(python, "import warnings\nwarnings.warn('careful')").startswith("<stdin>:2: UserWarning: careful")


def test_rows_of_different_types_are_an_error(livy, python):
    output = livy.failure(python, "d = [[1], ['a']]\n%table d")
    assert (output["ename"], output["evalue"]) == ("TypeError", "table rows have different types") or "type" in output["evalue"], output


def test_not_a_number_is_valid_json(livy, python):
    output = livy.run(python, "d = [float('nan'), 1.0]\n%json d")
    if output["status"] == "ok":
        assert not any(isinstance(value, float) and math.isnan(value) for value in output["data"]["application/json"]), output


def test_print_before_an_error_does_not_leak(livy, python):
    livy.failure(python, "print('lost')\n1 / 0")
    assert livy.text(python, "2") == "2"


def test_input(livy, python):
    output = livy.failure(python, "input()")
    assert output["ename"] == "EOFError" and output["evalue"].startswith("EOF when reading a line"), output


def test_exit_is_an_error(livy, python):
    livy.text(python, "alive = 2")
    output = livy.failure(python, "exit()")
    assert (output["ename"], output["evalue"]) == ("SystemExit", "None")
    assert livy.failure(python, "import sys; sys.exit(3)")["evalue"] == "3"
    assert livy.text(python, "alive") == "2"


def test_plot(livy, python):
    data = livy.data(python, "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\n%matplot plt", seconds=120)
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG\r\n\x1a\n")
    assert "Line2D" in data.get("text/plain", "Line2D")
    data = livy.data(python, "%matplot plt")
    assert set(data) == {"image/png"}


# What is bound, and Spark.


def test_bound_names(livy, python):
    assert livy.text(python, "[name in globals() for name in ('spark', 'sc', 'sqlContext', 'HiveContext', 'StreamingContext', 'cloudpickle')]") == str([True] * 6)


def test_spark(livy, python):
    assert livy.text(python, "spark.range(10).filter('id % 2 = 0').count()") == "5"
    assert livy.text(python, "spark.sql('select 1 as a').collect()") == "[Row(a=1)]"
    assert livy.text(python, "spark.range(2).orderBy('id').show()") == "+---+\n| id|\n+---+\n|  0|\n|  1|\n+---+"
    assert livy.text(python, "sqlContext.sql('select 2').collect()[0][0]") == "2"
    assert livy.text(python, "spark") != ""


def test_pandas(livy, python):
    assert livy.text(python, "spark.range(3).toPandas()['id'].sum() + 0 == 3") in ("True", "np.True_")


def test_spark_errors(livy, python):
    output = livy.failure(python, "spark.sql('select * from no_such_table').collect()")
    assert output["ename"] == "AnalysisException" and "TABLE_OR_VIEW_NOT_FOUND" in output["evalue"], output


def test_udf(livy, python):
    """An engine that has no Python functions says so."""
    code = "from pyspark.sql.functions import udf\n@udf('int')\ndef plus(x):\n    return x + 1\nspark.range(1).select(plus('id')).collect()"
    output = livy.run(python, code)
    if output["status"] == "ok":
        assert output["data"]["text/plain"] == "[Row(plus(id)=1)]"
    else:
        assert "[UNSUPPORTED_FEATURE] Hearth does not have this yet: Python functions." in output["evalue"], output


def test_create_data_frame(livy, python):
    assert livy.text(python, "spark.createDataFrame([(1, 'a')], 'n int, s string').collect()") == "[Row(n=1, s='a')]"


@pytest.mark.parametrize("code,text", [
    ("for r in spark.range(2).toJSON(use_unicode=True).take(5): print(r)", '{"id":0}\n{"id":1}'),
    ("for r in spark.range(2).toJSON(use_unicode=(1 > 2)).collect(): print(r)", '{"id":0}\n{"id":1}'),
    ("for r in spark.range(2).toJSON().collect(): print(r)", '{"id":0}\n{"id":1}'),
    ("len(spark.range(100).toJSON().sample(False, 0.5).take(1000)) < 100", "True"),
    ("sc.parallelize([1, 2, 3]).collect()", "[1, 2, 3]"),
    ("sc.parallelize([1, 2, 3]).count()", "3"),
    ("spark.sparkContext.parallelize(['x']).collect()", "['x']"),
    ("""spark.read.json(sc.parallelize(['{"a": 1, "b": "x"}', '{"a": 2}'])).collect()""", "[Row(a=1, b='x'), Row(a=2, b=None)]"),
    ("""spark.read.json(spark.sparkContext.parallelize(['[{"a": 1}, {"a": 2}]'])).count()""", "2"),
    ("""spark.read.json(sc.parallelize([{'a': 1}, {'a': 2}])).collect()""", "[Row(a=1), Row(a=2)]"),
])
def test_what_generated_code_uses(livy, python, code, text):
    assert livy.text(python, code) == text


def test_missing_parts_say_so(livy, python):
    output = livy.failure(python, "sc.parallelize([1]).mapPartitionsWithNothing(None)")
    assert output["ename"] in ("AttributeError", "PySparkAttributeError", "PySparkNotImplementedError", "NotImplementedError"), output


def test_working_folder_is_the_sessions_own(livy, python, opened):
    other = opened("pyspark")
    mine, theirs = (livy.text(session, "import os; os.getcwd()") for session in (python, other))
    assert mine != theirs
    assert livy.text(python, "open('here.txt', 'w').write('x')") == "1"
    assert livy.text(other, "os.path.exists('here.txt')") == "False"
    assert livy.text(python, "oct(os.stat(os.path.dirname(os.getcwd())).st_mode & 0o777), oct(os.stat('.').st_mode & 0o077)").endswith("'0o0')")


def test_secrets_are_not_inherited(livy, python):
    names = ast.literal_eval(livy.text(python, "import os; sorted(os.environ)"))
    allowed = {"PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR", "HEARTH_INTERPRETER_ID", "HEARTH_ORPHAN_TIMEOUT", "JAVA_HOME", "SPARK_HOME", "LC_CTYPE"}
    # What the client and its libraries set themselves.
    own = {name for name in names if name.startswith(("PYSPARK", "SPARK_", "GRPC_", "PYTHON", "MPL", "KMP_", "OMP_", "OPENBLAS_", "MKL_"))}
    assert set(names) <= allowed | own, set(names) - allowed - own


def test_dates_are_local(livy, python):
    assert livy.text(python, "import datetime; datetime.date(2020, 1, 2)") == repr(datetime.date(2020, 1, 2))


def test_threads_may_use_spark(livy, python):
    code = "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool:\n    counts = list(pool.map(lambda n: spark.range(n).count(), range(8)))\ncounts"
    assert livy.text(python, code) == str(list(range(8)))
