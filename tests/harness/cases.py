"""DataFrame programs whose results are compared with what real Spark answered.

    cases = Cases("joins")

    @cases.add(ordered=True)
    def left_join_by_name(s):
        return s.table("a").join(s.table("b"), "k", "left").orderBy("k")

    test_joins = cases.test()

A case names what it takes: `s` a session shared by the module, `path` a folder, `w` a raw `Wire`. It
returns a DataFrame, text or a Python value, or a list of those. An error of the server is a result
like any other: it is recorded as `error CONDITION sqlstate {parameters}`.
"""

from __future__ import annotations

import json

import pyspark
import pytest
from pyspark.errors import PySparkException

from .connect import ask, error_text

CLIENT = tuple(int(part) for part in pyspark.__version__.split(".")[:2])


class Cases:
    def __init__(self, name, setup=None, since=(3, 5)):
        self.name = name
        self.since = since
        self.setup = setup
        self.programs = []
        self.prepared = set()

    def add(self, program=None, *, ordered=False, since=(3, 5)):
        if program is None:
            return lambda inner: self.add(inner, ordered=ordered, since=since)
        since = max(since, self.since)
        marks = [pytest.mark.versions(since)] if since > (3, 5) else []
        self.programs.append(pytest.param(program, ordered, id=program.__name__, marks=marks))
        return program

    def test(self):
        @pytest.mark.parametrize("program,ordered", self.programs)
        def run(program, ordered, request, golden_store):
            taken = program.__code__.co_varnames[: program.__code__.co_argcount]
            given = {name: getattr(self, f"_{name}")(request) for name in taken}
            check(self.name, program, ordered, given, golden_store)

        return run

    def _s(self, request):
        session = request.getfixturevalue("shared_spark")
        if self.setup and session.session_id not in self.prepared:
            self.setup(session)
            self.prepared.add(session.session_id)
        return session

    def _path(self, request):
        return str(request.getfixturevalue("tmp_path"))

    def _w(self, request):
        return request.getfixturevalue("wire")


def check(name, program, ordered, given, store):
    title = program.__name__.replace("_", " ")
    try:
        result = program(**given)
        frames = result if isinstance(result, list) else [result]
        for number, frame in enumerate(frames):
            part = title if len(frames) == 1 else f"{title}: {number + 1}"
            if hasattr(frame, "_plan"):
                answer = ask(frame)
                store.check(name, part, answer.columns(), answer.rows(), ordered)
            else:
                store.check_lines(name, part, text_lines(frame))
    except PySparkException as error:
        if CLIENT < (4, 0):
            pytest.skip("this client does not tell the error's condition")
        store.check_lines(name, title, [f"error {error_text(error)}"])


def text_lines(value):
    """A Python value as lines of JSON, so that it reads well and cannot be taken for a title."""
    if isinstance(value, str):
        return [json.dumps(line, ensure_ascii=False) for line in value.splitlines()] or ['""']
    return [json.dumps(value, ensure_ascii=False, default=str)]
