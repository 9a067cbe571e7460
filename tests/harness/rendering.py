"""Arrow results as text: one JSON value per cell, the rules of tests/golden/README.md.

The text is made from the Arrow data and the Spark schema of the wire, not from a server's cast to
string and not through Python's datetime, so that year 10000 or a nanosecond is not lost.
"""

from __future__ import annotations

import datetime
import json
import math

import pyarrow as pa

DAY = datetime.date(1970, 1, 1).toordinal()
MICROS_OF_DAY = 86_400_000_000
INTERVAL_FIELDS = {"day_time_interval": ["day", "hour", "minute", "second"], "year_month_interval": ["year", "month"]}
NAMES = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint", "null": "void",
         "calendar_interval": "interval"}


def type_text(kind):
    """Spark's DDL text of a wire `DataType`."""
    name = kind.WhichOneof("kind")
    inner = getattr(kind, name)
    if name == "decimal":
        return f"decimal({inner.precision},{inner.scale})"
    if name == "array":
        return f"array<{type_text(inner.element_type)}>"
    if name == "map":
        return f"map<{type_text(inner.key_type)},{type_text(inner.value_type)}>"
    if name == "struct":
        return "struct<" + ",".join(f"{f.name}:{type_text(f.data_type)}" for f in inner.fields) + ">"
    if name == "char":
        return f"char({inner.length})"
    if name == "var_char":
        return f"varchar({inner.length})"
    if name == "string" and getattr(inner, "collation", "") not in ("", "UTF8_BINARY"):
        return f"string collate {inner.collation}"
    if name == "time":
        return f"time({inner.precision})"
    if name in ("geometry", "geography"):
        return f"{name}({inner.srid})"
    if name in INTERVAL_FIELDS:
        return interval_text(name, inner)
    return NAMES.get(name, name)


def interval_text(name, inner):
    fields = INTERVAL_FIELDS[name]
    start = fields[inner.start_field] if inner.HasField("start_field") else fields[0]
    end = fields[inner.end_field] if inner.HasField("end_field") else fields[-1]
    return f"interval {start}" if start == end else f"interval {start} to {end}"


def column_text(field):
    return type_text(field.data_type) + ("" if field.nullable else " not null")


def rows(schema, table):
    """Rows of JSON texts."""
    columns = []
    for field, column in zip(schema.struct.fields, table.columns):
        cells = []
        for chunk in column.chunks:
            cells += shapes(chunk, field.data_type)
        columns.append([to_json(value) for value in cells])
    if not columns:
        return [[] for _ in range(table.num_rows)]
    return [list(row) for row in zip(*columns)]


def to_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def shapes(array, kind):
    """JSON shapes of all values of one Arrow array."""
    name = kind.WhichOneof("kind")
    valid = array.is_valid().to_pylist()
    plain = plain_shapes(array, kind, name)
    return [value if ok else None for value, ok in zip(plain, valid)]


def plain_shapes(array, kind, name):
    if name == "struct":
        fields = kind.struct.fields
        columns = [shapes(array.field(i), f.data_type) for i, f in enumerate(fields)]
        names = [f.name for f in fields]
        if len(set(names)) < len(names):
            return [[[n, c[i]] for n, c in zip(names, columns)] for i in range(len(array))]
        return [{n: c[i] for n, c in zip(names, columns)} for i in range(len(array))]
    if name == "array":
        return ranges(array, shapes(array.values, kind.array.element_type))
    if name == "map":
        keys = shapes(array.keys, kind.map.key_type)
        items = shapes(array.items, kind.map.value_type)
        return ranges(array, [[k, v] for k, v in zip(keys, items)])
    if name == "variant":
        return [variant(v) for v in array.to_pylist()]
    if name in ("geometry", "geography"):
        return [v and {"srid": v["srid"], "wkb": v["wkb"].hex()} for v in array.to_pylist()]
    if name == "calendar_interval":
        return [v and {"months": v[0], "days": v[1], "micros": v[2] // 1000} for v in array.to_pylist()]
    if name in ("timestamp", "timestamp_ntz", "day_time_interval", "time"):
        integers = array.cast(pa.int64(), safe=False).to_pylist()
        return [None if v is None else micros_text(v, name) for v in integers]
    if name == "date":
        return [None if v is None else day_text(v) for v in array.cast(pa.int32()).to_pylist()]
    if name == "year_month_interval":
        return array.view(pa.int32()).to_pylist()
    if name in ("float", "double"):
        return [float_shape(v, name) for v in array.to_pylist()]
    if name == "decimal":
        return [None if v is None else format(v, "f") for v in array.to_pylist()]
    if name == "binary":
        return [None if v is None else v.hex() for v in array.to_pylist()]
    return array.to_pylist()


def ranges(array, values):
    offsets = array.offsets.to_pylist()
    return [values[start:end] for start, end in zip(offsets, offsets[1:])]


def float_shape(value, name):
    if value is None:
        return None
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if name == "float":
        for digits in range(6, 10):
            short = float(f"{value:.{digits}g}")
            if pa.scalar(short, pa.float32()).as_py() == value:
                return short
    return value


def micros_text(value, name):
    if name == "day_time_interval":
        return value
    if name == "time":
        return clock_text(value, 1_000_000_000)
    days, rest = divmod(value, MICROS_OF_DAY)
    return f"{day_text(days)} {clock_text(rest, 1_000_000)}{'Z' if name == 'timestamp' else ''}"


def clock_text(value, unit):
    seconds, fraction = divmod(value, unit)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    digits = f"{fraction:0{len(str(unit)) - 1}}".rstrip("0")
    return text + ("." + digits if digits else "")


def day_text(days):
    ordinal = days + DAY
    if 1 <= ordinal <= datetime.date.max.toordinal():
        return datetime.date.fromordinal(ordinal).isoformat()
    return f"day {days}"


def variant(value):
    if value is None:
        return None
    from pyspark.sql.types import VariantVal

    return json.loads(VariantVal(value["value"], value["metadata"]).toJson())
