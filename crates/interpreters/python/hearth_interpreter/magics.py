"""The magic lines of Apache Livy: `%json x`, `%table x`, `%matplot plt`.

Their argument may be any expression; an error in it, or a value that cannot be shown, is an error of the cell.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import io
import math
import re

TABLE = "application/vnd.livy.table.v1+json"
TIMES = (datetime.date, datetime.time, datetime.timedelta)


class UnknownMagic(Exception):
    """There is no such magic. Shown without the name of a module, as exceptions of a cell's own are."""

    __module__ = "__main__"


def run(line, namespace):
    """Runs a line that begins with `%`; the data it shows."""
    name, argument = re.match(r"%(\S*)\s*(.*)", line).groups()
    if not name:
        raise UnknownMagic("magic command not specified")
    if name not in MAGICS:
        raise UnknownMagic(f"unknown magic command '{name}'")
    if not argument:
        raise ValueError(f"%{name} needs the name of a variable")
    value = eval(compile(argument, "<stdin>", "eval", dont_inherit=True), namespace)
    return MAGICS[name](value)


def show_json(value):
    return {"application/json": plain(value)}


def plain(value):
    """A value as JSON has it: decimals and times as text, numbers that JSON does not have as null."""
    value = _unwrapped(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (decimal.Decimal, *TIMES)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {_key(key): plain(item) for key, item in value.items()}
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _key(key):
    key = _unwrapped(key)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, (str, int, float, decimal.Decimal, *TIMES)):
        return str(key)
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")


def _unwrapped(value):
    """Numbers and arrays of NumPy as those of Python."""
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    return value


def show_table(value):
    """Rows as a table: lists by position, dicts and `Row`s by name; what a row does not have is null."""
    rows = value if isinstance(value, (list, tuple)) and not _is_row(value) else [value]
    headers, cells = {}, []
    for row in map(_by_column, rows):
        converted = {}
        for column, item in row.items():
            converted[column], kind = _cell(item)
            headers[column] = _common(headers.get(column, "NULL_TYPE"), kind)
        cells.append(converted)
    columns = sorted(headers, key=lambda column: (isinstance(column, str), column))
    return {
        TABLE: {
            "headers": [{"name": str(column), "type": headers[column]} for column in columns],
            "data": [[row.get(column) for column in columns] for row in cells],
        }
    }


def _is_row(value):
    return hasattr(value, "__fields__")


def _by_column(row):
    row = _unwrapped(row)
    if _is_row(row):
        row = row.asDict()
    if isinstance(row, dict):
        return {key if isinstance(key, str) else _key(key): item for key, item in row.items()}
    return dict(enumerate(row if isinstance(row, (list, tuple)) else [row]))


def _common(one, other):
    """The type of a column that has values of both."""
    if one == other or other == "NULL_TYPE":
        return one
    if one == "NULL_TYPE":
        return other
    if {one, other} == {"INT_TYPE", "DOUBLE_TYPE"}:
        return "DOUBLE_TYPE"
    raise TypeError("table rows have different types")


def _cell(value):
    """A value and its type in a table. What has no type of its own is shown as text."""
    value = _unwrapped(value)
    if value is None:
        return None, "NULL_TYPE"
    if isinstance(value, (list, tuple)):
        return [_cell(item)[0] for item in value], "ARRAY_TYPE"
    if isinstance(value, dict):
        return {str(key): _cell(item)[0] for key, item in value.items()}, "MAP_TYPE"
    if isinstance(value, float) and not math.isfinite(value):
        return None, "DOUBLE_TYPE"
    for types, kind, convert in CELLS:
        if isinstance(value, types):
            return convert(value), kind
    return str(value), "STRING_TYPE"


def _as_is(value):
    return value


CELLS = (
    (bool, "BOOLEAN_TYPE", _as_is),
    (int, "INT_TYPE", _as_is),
    (float, "DOUBLE_TYPE", _as_is),
    (str, "STRING_TYPE", _as_is),
    (datetime.datetime, "TIMESTAMP_TYPE", str),
    (datetime.date, "DATE_TYPE", str),
    (decimal.Decimal, "DECIMAL_TYPE", str),
)


def show_plot(value):
    """The current figure of a module or object that has `gcf`, as matplotlib's `pyplot` has."""
    if not hasattr(value, "gcf"):
        raise TypeError(f"%matplot needs matplotlib.pyplot, not {type(value).__name__}")
    image = io.BytesIO()
    value.gcf().savefig(image, format="png")
    return {"image/png": base64.b64encode(image.getvalue()).decode("ascii")}


MAGICS = {"json": show_json, "table": show_table, "matplot": show_plot}
