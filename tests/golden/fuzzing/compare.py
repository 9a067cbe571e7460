"""Asks two servers the same and says where they differ: names, types, nullability, rows, errors and where they point."""

from __future__ import annotations

import re
import threading

from harness.connect import ask_sql, connect, error_text

from golden import goldens

SECONDS = 120


class Pair:
    """A session on a real Spark and one on a Hearth, with the same settings."""

    def __init__(self, spark, hearth, settings):
        settings = {"spark.sql.timeType.enabled": "true", **settings}
        self.sides = {"spark": connect(spark, **settings), "hearth": connect(hearth, **settings)}

    def both(self, work):
        """The answers of `work(session)` on both sides, asked at the same time."""
        answers = {}

        def run(side):
            try:
                answers[side] = work(self.sides[side])
            except Exception as error:  # noqa: BLE001
                answers[side] = error

        threads = [threading.Thread(target=run, args=(side,), daemon=True) for side in self.sides]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
        return [answers.get(side, TimeoutError("no answer")) for side in self.sides]

    def prepare(self, statements):
        for statement in statements:
            for answer in self.both(lambda session, text=statement: ask_sql(session, text)):
                if isinstance(answer, Exception):
                    raise answer


def failure(error):
    """An error as a text: condition, state, parameters, and the fragments of the query it points at."""
    text = error_text(error)
    places = getattr(error, "getQueryContext", lambda: [])() or []
    try:
        shown = [f"{place.fragment()}@{place.startIndex()}-{place.stopIndex()}" for place in places]
    except Exception:  # noqa: BLE001
        shown = [str(place) for place in places]
    return "error " + re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text) + f" at {shown}"


def text_of(answer, ordered=True):
    """Lines of an answer: the columns, then the rows."""
    if isinstance(answer, Exception):
        return [failure(answer)]
    return goldens.block_answer(answer.columns(), answer.rows(), ordered)


def internal(lines):
    return re.search(r"INTERNAL_ERROR|panick|DataFusion|External error|no answer|Arrow error|Execution error|_InactiveRpcError",
                     lines[0]) is not None


def same(want, got):
    if want[0].startswith("error ") or got[0].startswith("error "):
        return want[0] == got[0]
    return goldens.difference(want, got, strict=True) is None


def kind_of(want, got):
    """One word for how the two differ, to sort findings by."""
    if internal(got) and not internal(want):
        return "INTERNAL"
    if want[0].startswith("error ") and got[0].startswith("error "):
        if want[0].split(" ", 3)[:3] != got[0].split(" ", 3)[:3]:
            return "condition"
        return "parameters" if want[0].rsplit(" at ", 1)[0] != got[0].rsplit(" at ", 1)[0] else "context"
    if want[0].startswith("error "):
        return "accepted"
    if got[0].startswith("error "):
        return "refused"
    if goldens.difference(want, got) is None:
        return "nullability"
    return "schema" if want[0] != got[0] and goldens.difference(want[:1], got[:1]) else "rows"
