"""Cells of plain R: what is printed, errors, warnings, plots, completion. The texts are those of R's console."""

from __future__ import annotations

import base64
import struct
import time

import pytest

PNG = b"\x89PNG\r\n\x1a\n"

PRINTED = [
    ("1 + 2", "[1] 3"),
    ("print('x')", '[1] "x"'),
    ("cat(3)", "3"),
    ("cat('a\\n\\n')", "a"),
    ("x <- 4", ""),
    ("x <- 4\nx\n5", "[1] 4\n[1] 5"),
    ("invisible(7)", ""),
    ("(invisible(7))", "[1] 7"),
    ("", ""),
    ("  \n", ""),
    ("# nothing", ""),
    ("NULL", "NULL"),
    ("if (FALSE) 1", ""),
    ("for (i in 1:2) print(i)", "[1] 1\n[1] 2"),
    ("function(x)   x  +  1", "function(x)   x  +  1"),
    ("c('é', '漢')", '[1] "é"  "漢"'),
    ("data.frame(a = 1:2, b = c('x', NA))", "  a    b\n1 1    x\n2 2 <NA>"),
    ("head(mtcars[, 1:2], 1)", "          mpg cyl\nMazda RX4  21   6"),
    ("setClass('P', representation(v = 'numeric')); setMethod('show', 'P', function(object) cat('P of', object@v))\n"
     "new('P', v = 3)", "P of 3"),
    ("print.money <- function(x, ...) cat('$', unclass(x), sep = '')\nstructure(5, class = 'money')", "$5"),
    ("message('said')", "said"),
    ("system('echo from below')", "from below"),
    ("capture.output(print(1))", '[1] "[1] 1"'),
    ("readline('name? ')", 'name? \n[1] ""'),
]


@pytest.mark.parametrize(("code", "expected"), PRINTED, ids=[code for code, _ in PRINTED])
def test_prints_what_the_console_prints(plain_r, code, expected):
    assert plain_r.run(code) == {"status": "ok", "data": {"text/plain": expected}}


ERRORS = [
    ("undefined_name", "[1] \"Error in eval(expression, globalenv()): object 'undefined_name' not found\""),
    ("f <- function() stop('bad')\nf()", '[1] "Error in f(): bad"'),
    ("stop('bad', call. = FALSE)", '[1] "Error: bad"'),
    ("nope()", '[1] "Error in nope(): could not find function \\"nope\\""'),
    ("1 +", '[1] "Error in parse(text = code): <text>:2:0: unexpected end of input\n1: 1 +\n   ^"'),
    ("q()", '[1] "Error: quit() does not end a session: delete the session instead"'),
    ("quit(save = 'no')", '[1] "Error: quit() does not end a session: delete the session instead"'),
    ("invokeRestart('abort')", '[1] "Error: aborted"'),
    ("f <- function() f()\nf()", None),
]


@pytest.mark.parametrize(("code", "expected"), ERRORS, ids=[code for code, _ in ERRORS])
def test_errors(plain_r, code, expected):
    output = plain_r.run(code)
    assert (output["status"], output["ename"], output["traceback"]) == ("error", "Error", [])
    if expected is not None:
        assert output["evalue"] == expected
    assert plain_r.text("1") == "[1] 1"


def test_a_syntax_error_runs_nothing(plain_r):
    plain_r.error("before <- 1\n)")
    assert plain_r.text("exists('before')") == "[1] FALSE"


def test_what_was_printed_before_an_error_goes_to_the_log(plain_r):
    plain_r.error("cat('printed before\\n'); stop('x')")
    assert plain_r.text("2") == "[1] 2"
    assert "printed before" in plain_r.log()


def test_warnings_come_after_the_expression_that_raised_them(plain_r):
    assert plain_r.text("log(-1)\n2") == "[1] NaN\nWarning message:\nIn log(-1) : NaNs produced\n[1] 2"
    assert plain_r.text("warning('a')") == "Warning message:\na"
    assert plain_r.text("for (w in c('a', 'b')) warning(w)") == "Warning messages:\n1: a\n2: b"
    assert plain_r.text("suppressWarnings(log(-1))") == "[1] NaN"
    assert plain_r.text("tryCatch(warning('w'), warning = function(w) 'caught')") == '[1] "caught"'


def test_output_is_cut_at_its_limit(fresh_r, spark_server):
    r = fresh_r()
    r.bind(spark_server.url, max_output=1000)
    text = r.text("for (i in 1:100000) cat('0123456789')")
    assert text == "0123456789" * 100 + "\n… (output cut at 1000 bytes: interpreter.max_output)"
    assert r.text("1") == "[1] 1"
    assert r.run("plot(1:1000)")["ename"] == "OutputLimit"
    assert len(r.error("stop(strrep('x', 5000))")) < 1100


def test_output_of_a_program_in_the_background_is_not_the_next_cells(plain_r):
    assert plain_r.text("system('(sleep 0.4; echo late)', wait = FALSE)") == ""
    time.sleep(0.8)
    assert plain_r.text("1") == "[1] 1"
    assert "late" in plain_r.log()


def picture(output):
    data = base64.b64decode(output["data"]["image/png"])
    assert data.startswith(PNG)
    return struct.unpack(">II", data[16:24])


def test_plots_are_attached(plain_r):
    output = plain_r.run("plot(1:3)\n'done'")
    assert picture(output) == (480, 480)
    assert output["data"]["text/plain"] == '[1] "done"'
    for code in ("hist(c(1, 2, 2))", "barplot(1:3)", "pie(1:3)", "f <- function() boxplot(1:3)$n\nf()"):
        picture(plain_r.run(code))


def test_the_last_of_several_pages_is_attached(plain_r):
    two = plain_r.run("plot(1:3)\nplot(c(1, 1, 1), type = 'n', axes = FALSE, ann = FALSE)")["data"]["image/png"]
    last = plain_r.run("plot(c(1, 1, 1), type = 'n', axes = FALSE, ann = FALSE)")["data"]["image/png"]
    assert two == last


def test_code_that_only_names_a_plot_has_no_picture(plain_r):
    assert list(plain_r.run("plot <- 'barplot'\nplot")["data"]) == ["text/plain"]
    plain_r.run("rm(plot)")


def test_a_plot_after_an_error_in_a_plot(plain_r):
    plain_r.error("plot(1:3); stop('x')")
    assert list(plain_r.run("1")["data"]) == ["text/plain"]
    picture(plain_r.run("plot(1:3)"))


def test_devices_of_the_users_own_are_left_alone(plain_r):
    code = "png('mine.png'); plot(1:3); invisible(dev.off()); file.exists('mine.png')"
    assert plain_r.run(code)["data"] == {"text/plain": "[1] TRUE"}


def test_code_runs_in_its_home_folder(plain_r):
    assert plain_r.text("cat(getwd())") == str(plain_r.folder / "home")
    assert plain_r.text("startsWith(tempdir(), Sys.getenv('TMPDIR'))") == "[1] TRUE"


def test_a_cell_that_removes_everything_leaves_an_interpreter(fresh_r):
    r = fresh_r()
    assert r.text("x <- 1\nrm(list = ls(all.names = TRUE))\nls()") == "character(0)"
    assert r.text("1") == "[1] 1"
    assert r.error("stop('x', call. = FALSE)") == '[1] "Error: x"'
    assert "image/png" in r.run("plot(1)")["data"]


def test_packages_load_as_ever(plain_r):
    assert plain_r.text("suppressMessages(library(Matrix))\nMatrix(1, 1, 1)[1, 1]") == "[1] 1"
    assert plain_r.text("packageVersion('Matrix') < '90'") == "[1] TRUE"
    assert "there is no package called" in plain_r.error("library(noSuchPackage)")


COMPLETIONS = [
    ("prin", "print", None),
    ("my_own_na", "my_own_name", ["my_own_name"]),
    ("mtcars$c", "cyl", ["carb", "cyl"]),
    ("base::nch", "nchar", ["nchar"]),
    ("x <- 1\nsumm", "summary", None),
    ("nowhere_to_be_fou", None, []),
    ("", None, None),
]


@pytest.mark.parametrize(("code", "member", "all_of_them"), COMPLETIONS)
def test_completion(plain_r, code, member, all_of_them):
    plain_r.run("my_own_name <- 1")
    found = plain_r.complete(code)
    assert member is None or member in found
    assert all_of_them is None or found == all_of_them
    assert len(found) <= 500


def test_completion_knows_the_columns_of_a_frame(bound_r):
    bound_r.run("people <- sql(\"select 1 as age, 'x' as alias_of\")")
    assert bound_r.complete("people$a") == ["age", "alias_of"]
