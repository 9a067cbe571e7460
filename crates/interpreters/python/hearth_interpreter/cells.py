"""Runs one cell the way Apache Livy's Python interpreter does.

A cell that parses as Python runs as a whole, its last statement as in an interactive shell: the values of expressions in it
are shown and stored in `_`. Any other cell is split into runs of Python and lines that begin with `%`; every run must parse
before anything runs. The data of the last part counts, the text of all parts.
"""

from __future__ import annotations

import ast
import json
import traceback

from . import magics
from .frames import below, of_user
from .outputs import SETTING, cut, failure, success

FILENAME = "<stdin>"


class Unparsed(Exception):
    """The cell is no Python; the cause is what Python said."""


class Python:
    """A run of Python statements, parsed."""

    def __init__(self, source, first_line=1):
        tree = ast.parse(source, FILENAME)
        ast.increment_lineno(tree, first_line - 1)
        self._body, self._last = tree.body[:-1], tree.body[-1:]

    def run(self, namespace):
        if self._body:
            self._exec(ast.Module(self._body, type_ignores=[]), "exec", namespace)
        if self._last:
            self._exec(ast.Interactive(self._last), "single", namespace)
        return {}

    @staticmethod
    def _exec(tree, mode, namespace):
        exec(compile(tree, FILENAME, mode, dont_inherit=True), namespace)


class Magic:
    """A line that begins with `%`."""

    def __init__(self, line):
        self._line = line

    def run(self, namespace):
        return magics.run(self._line, namespace)


def parse(code):
    """The parts of a cell, in order."""
    try:
        try:
            return [Python(code)]
        except SyntaxError:
            parts = _split(code)
            if all(kind is Python for kind, _, _ in parts):
                raise
            return [Magic(text) if kind is Magic else Python(text, line) for kind, text, line in parts]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unparsed from error


def _split(code):
    """Runs of other lines, and lines that begin with `%`: kind, text, number of the first line."""
    parts = []
    for number, line in enumerate(code.rstrip().split("\n"), 1):
        if line.startswith("%"):
            parts.append((Magic, line, number))
        elif parts and parts[-1][0] is Python:
            kind, text, first = parts[-1]
            parts[-1] = (kind, f"{text}\n{line}", first)
        else:
            parts.append((Python, line, number))
    return parts


def run(code, namespace, outputs):
    """Runs a cell; its output. Text that was printed before an error goes to the log."""
    outputs.collect()
    try:
        data = {}
        for part in parse(code):
            data = part.run(namespace)
        return _limited(data, outputs)
    except Unparsed as error:
        return _error(error.__cause__, outputs, head=False)
    except magics.UnknownMagic as error:
        return _error(error, outputs, head=False)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: the interpreter outlives its cells
        return _error(error, outputs)
    finally:
        outputs.to_log()


def _limited(data, outputs):
    limit = outputs.max_output
    for mime, value in data.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        size = len(text.encode("utf-8", "replace"))
        if size > limit:
            return failure("OutputLimit", f"{mime} of {size} bytes is over the {limit} bytes of {SETTING}")
    text = outputs.text()
    if text or not data:
        data = {**data, "text/plain": text}
    return success(data)


def _error(error, outputs, head=True):
    """An error as the output of a cell: without the frames of the interpreter and of the cell itself, without causes."""
    limit = outputs.max_output
    trace = below(of_user(error.__traceback__), FILENAME) if head else None
    try:
        lines = traceback.format_exception(type(error), error, trace, chain=False)
    except Exception:  # an exception class of the user that cannot be shown
        lines = [f"{type(error).__name__}\n"]
    if head and not lines[0].lstrip().startswith(("Traceback", "+ Exception Group")):
        lines.insert(0, "Traceback (most recent call last):\n")
    if sum(map(len, lines)) > limit // 4:
        lines = [cut("".join(lines), limit) + "\n"]
    return failure(type(error).__name__, cut(_text_of(error), limit), lines)


def _text_of(error):
    try:
        return str(error)
    except Exception as broken:
        return f"<no text: {type(broken).__name__} in str()>"
