"""What a client sees of a frame, in all the ways that PySpark has to look at one."""

from __future__ import annotations

import os

from .programs import caught, printed


def seen(frame):
    """Schema, rows, pandas and Arrow forms of a frame, each as text."""
    return [caught_or(lambda: frame.schema.json()), caught_or(lambda: repr(frame.collect())), pandas_text(frame), arrow_text(frame)]


def caught_or(program):
    """The value of a program, or the error that it ends with."""
    value = []
    error = caught(lambda: value.append(program()))
    return value[0] if value else error


def pandas_text(frame):
    def text():
        made = frame.toPandas()
        kinds = [[str(kind), type(made.iloc[0, n]).__name__ if len(made) else None] for n, kind in enumerate(made.dtypes)]
        return [list(made.columns), kinds, made.to_dict("list").__repr__()]
    return caught_or(text)


def arrow_text(frame):
    def text():
        table = frame.toArrow()
        return [str(table.schema), repr(table.to_pylist())]
    return caught_or(text)


def shown(frame):
    return [printed(lambda: frame.printSchema()), frame.dtypes.__repr__(), repr(frame), printed(lambda: frame.show(truncate=False))]


def in_zone(zone):
    """Makes the client's own zone another one; gives the way back."""
    import time
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()

    def back():
        if before is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = before
        time.tzset()
    return back
