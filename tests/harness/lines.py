"""DataFrame programs of one line: a case is Python text, its title is the text itself.

    cases = LineCases("frames-lines", setup, TEXT)
    test_lines = cases.test()

A line that begins at the margin begins a case, indented lines go on. The last statement's value is the answer: a
DataFrame is asked for its schema and rows, anything else is told as `repr`. An exception is an answer too: its class,
condition, SQLSTATE and parameters, or the first line of what the client itself says.
"""

from __future__ import annotations

import ast
import datetime
import json
import re
from decimal import Decimal

import pyspark.sql.functions as F
import pyspark.sql.types as T
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import Row, Window

from .connect import ask
from .programs import printed

WORDS = {"F": F, "T": T, "Row": Row, "Window": Window, "W": Window, "Decimal": Decimal, "datetime": datetime,
         "printed": printed, "col": F.col, "lit": F.lit, "expr": F.expr}


class LineCases:
    def __init__(self, name, setup, text, since=(4, 2), **words):
        self.name = name
        self.setup = setup
        self.lines = split(text)
        self.since = since
        self.words = {**WORDS, **words}
        self.prepared = set()

    def test(self):
        marks = [pytest.mark.versions(self.since)]
        programs = [pytest.param(line, id=" ".join(line.split())[:60], marks=marks) for line in self.lines]

        @pytest.mark.parametrize("line", programs)
        def run(line, shared_spark, golden_store):
            if shared_spark.session_id not in self.prepared:
                self.prepared.add(shared_spark.session_id)
                self.setup(shared_spark)
            golden_store.check_lines(self.name, title(line), self.answer(shared_spark, line), ordered(line))

        return run

    def answer(self, session, line):
        from golden import goldens

        try:
            value = run(line, {**self.words, "s": session, "spark": session})
            if hasattr(value, "_plan"):
                got = ask(value)
                return goldens.block_answer(got.columns(), got.rows(), ordered(line))
            text = value if isinstance(value, str) else repr(value)
            return [json.dumps(hidden(part), ensure_ascii=False) for part in text.splitlines()] or ['""']
        except PySparkException as error:
            return [told(error)]
        except Exception as error:  # what the client or another library raises
            return [json.dumps(["client", type(error).__name__, hidden((str(error).splitlines() or [""])[0])])]


def split(text):
    lines = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] in " )]}" and lines:
            lines[-1] += "\n" + line
        else:
            lines.append(line)
    return lines


def title(line):
    return " ".join(line.split())


def ordered(line):
    return re.search(r"orderBy|sort\(|sortWithin|ORDER BY|order by|\.tail\(|repr\(|collect\(", line) is not None


def run(line, words):
    body = ast.parse(line).body
    last = ast.Expression(body.pop().value)
    exec(compile(ast.Module(body, []), "line", "exec"), words)
    return eval(compile(last, "line", "eval"), words)


def told(error):
    parameters = {k: hidden(str(v)) for k, v in sorted((error.getMessageParameters() or {}).items())}
    return json.dumps([type(error).__name__, error.getCondition(), error.getSqlState(), parameters], ensure_ascii=False)


def hidden(text):
    """Without what differs from run to run: ids of columns, sessions and places in memory."""
    text = re.sub(r"#\d+L?", "#n", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x", text)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text)
