"""What cells answer: the values of Livy's interpreter, in the form of Scala 2.13."""

import pytest


def error(scala, code):
    output = scala.run(code)
    assert output["status"] == "error", output
    return output["ename"], output["evalue"], output["traceback"]


def table(scala, code):
    output = scala.run(code)
    assert output["status"] == "ok", output
    assert list(output["data"]) == ["application/vnd.livy.table.v1+json"]
    return output["data"]["application/vnd.livy.table.v1+json"]


def test_results_are_numbered_from_zero_and_empty_lines_count(fresh):
    scala = fresh()
    assert scala.text("1 + 2") == "val res0: Int = 3\n"
    assert scala.text("val x = 1\n\nval y = 2\n\nx + y") == "val x: Int = 1\nval y: Int = 2\nval res3: Int = 3\n"


@pytest.mark.parametrize(
    "code, text",
    [
        ("", ""),
        ("   \n ", ""),
        ("// c", ""),
        ("/* a\n b */", ""),
        ("// before\nval v1 = 1 // behind\n// after", "val v1: Int = 1\n"),
        ("print(1)\nprint(2)", "12"),
        ('println("a")\nval v2 = 2', "a\nval v2: Int = 2\n"),
        ("var v3 = 'c'", "var v3: Char = c\n"),
        ("def twice(n: Int) = n * 2", "def twice(n: Int): Int\n"),
        ("import java.time._", "import java.time._\n"),
        ('val v4 = "é…"; println(v4)', "é…\nval v4: String = é…\n"),
        ('System.out.println("java")', "java\n"),
        ('val v5 = "a\\nb"', 'val v5: String =\na\nb\n'),
        ("val v6 = 1; val v7 = v6 + 1", "val v6: Int = 1\nval v7: Int = 2\n"),
    ],
)
def test_text(scala, code, text):
    assert scala.text(code) == text


@pytest.mark.parametrize(
    "code, text",
    [
        ("def f1(n: Int) = {\n  val m = n + 1\n\n  m * 2\n}\nprint(f1(1))", "def f1(n: Int): Int\n4"),
        ("val c1 = List(1, 2)\n  .map(_ + 1)\n  // a comment\n\n  .sum", "val c1: Int = 5\n"),
        ("val c2 = if (false) 1\nelse 2", "val c2: Int = 2\n"),
        ("val c3 = try sys.error(\"x\")\ncatch { case _: Exception => 3 }\nfinally print(4)", "4val c3: Int = 3\n"),
        ("val c4 = 1 +\n  2", "val c4: Int = 3\n"),
        ("class C5\n{ def n = 5 }\nprint(new C5().n)", "class C5\n5"),
        ("case class C6(n: Int)\n\nobject C6 {\n  def two = C6(2)\n}\nprint(C6.two)", "class C6\nobject C6\nC6(2)"),
        ("val c7 = for (i <- 1 to 2)\n  yield i", "val c7: IndexedSeq[Int] = Vector(1, 2)\n"),
        ('val c8 = """\n%json x\n""".trim', "val c8: String = %json x\n"),
        ("sealed trait C9\ncase object A9 extends C9\nprint(A9: C9)", "trait C9\nobject A9\nA9"),
        ("trait C10\n  extends Serializable\nprint(10)", "trait C10\n10"),
    ],
)
def test_lines_are_joined_where_scala_reads_on(scala, code, text):
    assert scala.text(code) == text


@pytest.mark.parametrize("code", ["sc.", "def f = {", "val x =", 'val s = """', "class A {\n  def x = 1\n", "1 match {"])
def test_incomplete(scala, code):
    assert error(scala, code) == ("Error", "incomplete statement", [])


def test_compile_error_says_the_line_of_the_cell(scala):
    assert error(scala, "val e1 = 1\n\nval e2 = nope + 1\nval e3 = 3") == (
        "Error",
        "<console>:3: error: not found: value nope",
        ["       val e2 = nope + 1\n", "                ^\n"],
    )
    assert scala.text("e1") .endswith(": Int = 1\n")
    assert error(scala, "e3")[1] == "<console>:1: error: not found: value e3"


def test_syntax_error(scala):
    name, message, _ = error(scala, "val 1x = )")
    assert name == "Error" and message.startswith("<console>:1: error: ")


def test_exception_gives_its_first_line_and_the_frames_after(scala):
    scala.run('def thrower() = throw new IllegalStateException("bad\\nworse")')
    name, message, traceback = error(scala, "thrower()")
    assert (name, message) == ("Error", "java.lang.IllegalStateException: bad")
    assert traceback[0] == "worse\n"
    assert traceback[1].startswith("  at thrower(<console>:1)")


def test_text_before_an_error_is_in_the_log_and_in_no_later_statement(scala):
    assert error(scala, 'println("left behind")\nsys.error("x")')[1] == "java.lang.RuntimeException: x"
    assert "left behind\n" in scala.log()
    assert scala.text("print(1)") == "1"


def test_stack_overflow_and_errors_leave_the_interpreter_alive(scala):
    scala.run("def deep(n: Int): Int = 1 + deep(n + 1)")
    assert error(scala, "deep(0)")[1] == "java.lang.StackOverflowError"
    assert error(scala, "???")[1] == "scala.NotImplementedError: an implementation is missing"
    assert scala.text("print(2)") == "2"


def test_json(scala):
    scala.run('case class Point(x: Int, y: Option[Double])\nval j = Seq(Point(1, Some(0.5)), Point(2, None))')
    output = scala.run("%json j")
    assert output == {"status": "ok", "data": {"application/json": [{"x": 1, "y": 0.5}, {"x": 2, "y": None}]}}
    scala.run('val k = Map("a" -> List(1, "b"), "n" -> Double.NaN, "d" -> BigDecimal("1.50"), "t" -> (1, true))')
    assert scala.run("%json   k")["data"]["application/json"] == {
        "a": [1, "b"], "n": None, "d": 1.5, "t": {"_1": 1, "_2": True},
    }


def test_magic_uses_the_named_value_whatever_ran_last(scala):
    output = scala.run("val named = List(1)\nval other = 2\n%json named")
    assert output == {"status": "ok", "data": {"application/json": [1]}}


def test_text_counts_when_it_comes_after_a_magic(scala):
    assert scala.text("val before = 1\n%json before\nprint(2)").endswith("2")


def test_table(scala):
    assert table(scala, 'val t1 = List(List(1, "a"), List(3, "b"))\n%table t1') == {
        "headers": [{"name": "0", "type": "BIGINT_TYPE"}, {"name": "1", "type": "STRING_TYPE"}],
        "data": [[1, "a"], [3, "b"]],
    }
    assert table(scala, 'val t2 = Seq(Map("a" -> null, "b" -> 1.5), Map("a" -> true))\n%table t2') == {
        "headers": [{"name": "a", "type": "BOOLEAN_TYPE"}, {"name": "b", "type": "DOUBLE_TYPE"}],
        "data": [[None, 1.5], [True, None]],
    }
    assert table(scala, 'val t3 = Array((BigDecimal("1.10"), Seq(1), Map("k" -> 1)))\n%table t3')["headers"] == [
        {"name": "_1", "type": "DECIMAL_TYPE"},
        {"name": "_2", "type": "ARRAY_TYPE"},
        {"name": "_3", "type": "MAP_TYPE"},
    ]


def test_magic_errors(scala):
    assert error(scala, "%json missing") == ("NameError", "Value missing does not exist", [])
    assert error(scala, "%foo x") == ("UnknownMagic", "Unknown magic command foo", [])
    assert error(scala, 'val mixed = List(List(1), List("a"))\n%table mixed') == (
        "TypeError", "table rows have different types", [],
    )


def test_output_is_cut(fresh, server):
    scala = fresh(bound=False)
    scala.bind(server.url, max_output=100)
    note = "… (output cut at 100 bytes: interpreter.max_output)\n"
    assert scala.text('print("é" * 80)') == "é" * 50 + "\n" + note
    assert scala.text('println("x" * 99)') == "x" * 99 + "\n"
    output = scala.run("val big = (1 to 99).toList\n%json big")
    assert (output["status"], output["ename"]) == ("error", "OutputLimit")
    assert "interpreter.max_output" in output["evalue"]


def test_completion(scala):
    def candidates(code, cursor=None):
        return scala.ask("complete", code=code, cursor=len(code) if cursor is None else cursor)["ok"]["candidates"]

    scala.run("val completed = 1")
    assert candidates("complete") == ["completed"]
    assert "charAt" in candidates('"x".') and "compareTo" in candidates('"x".')
    assert candidates("spark.rang") == ["range"]
    assert candidates("val a = 1\na.toStr + 1", cursor=len("val a = 1\na.toStr")) == ["toString"]
    assert candidates("nope.") == []
