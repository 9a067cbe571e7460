"""PySpark's own documentation: the examples of each docstring of its public API, run as doctest runs them.

The examples are read from the installed client (4.2), nothing of them is kept here. One test is one docstring.
As in PySpark's own runs a module's docstrings share one session, which is the process's default session, and
differences of white space and of an exception's text do not count. What real Spark does not pass is left out.
"""

from __future__ import annotations

import doctest
import importlib
import io
import os
import random

import numpy
import pytest
from pyspark.sql import SparkSession

MODULES = (
    "dataframe", "column", "connect.catalog", "connect.conf", "connect.functions.builtin", "connect.group", "connect.merge",
    "connect.observation", "connect.readwriter", "connect.session", "connect.tvf", "window",
    "connect.functions.partitioning", "connect.avro.functions", "connect.protobuf.functions", "types",
)  # fmt: skip
# Examples that PySpark leaves out too: they start a session of their own kind.
LEFT_OUT = {"pyspark.sql.connect.session.SparkSession", "pyspark.sql.connect.session.SparkSession.Builder.master"}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
SHOWN = 4000


def documented():
    for name in MODULES:
        module = importlib.import_module(f"pyspark.sql.{name}")
        for found in doctest.DocTestFinder(exclude_empty=True).find(module):
            if found.examples and found.name not in LEFT_OUT:
                yield pytest.param(module, found, id=found.name)


@pytest.fixture(scope="module")
def sessions(server):
    """The session of each module of PySpark; made anew when an example stopped it."""
    sessions = Sessions(server.url)
    yield sessions
    sessions.stop()


class Sessions:
    def __init__(self, url):
        self.url = url
        self.module = None
        self.session = None

    def of(self, module):
        if self.module is not module or self.session is None or self.session.client._closed:
            self.stop()
            self.session = SparkSession.builder.remote(self.url).getOrCreate()
            self.module = module
        return self.session

    def stop(self):
        if self.session is not None and not self.session.client._closed:
            self.session.stop()
        self.session = None


@pytest.mark.parametrize("module,examples", list(documented()))
def test_example(module, examples, sessions, known, request):
    if not known.record and examples.name not in known.spark:
        pytest.skip("real Spark does not pass it")
    # Some examples show what an unordered choice gave, so chance is the same in each run.
    random.seed(0)
    numpy.random.seed(0)
    given = {**module.__dict__, "spark": sessions.of(module)}
    if module.__name__.endswith("connect.session"):
        given["SparkSession"] = SparkSession
    said = io.StringIO()
    folder = os.getcwd()
    examples.globs.update(given)
    failed, _ = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(examples, out=said.write)
    os.chdir(folder)
    known.judge(examples.name, said.getvalue()[:SHOWN] if failed else None)
