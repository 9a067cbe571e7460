"""The Python half of the R interpreter: it lives inside the R process, embedded by reticulate.

Here are the requests' way into R, the Spark Connect session, and the columns that cross between
R and Spark as flat buffers. Evaluation, printing and the SparkR verbs are R code.

The trap: while R code runs, R holds Python's lock, so no Python thread of this process runs. That is
why the protocol's socket is not here but in the parent process (`main.py`).
"""

from __future__ import annotations

import array
import ctypes
import datetime
import decimal
import json
import logging
import os
import signal
import socket
import struct
import sys

from hearth_interpreter.spark import Spark, Unavailable

# PySpark takes a process whose main module has no file for a run of its doctests.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__

PR_SET_PDEATHSIG = 1
LOCAL_FILE_LIMIT = 64 * 1024 * 1024
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
NULL_INTEGER = -(2**31)


class Requests:
    """Frames from and to the parent process, and the moments at which SIGINT may come in.

    SIGINT stays blocked on R's thread except while user code runs: a cancel that comes too late
    is thrown away instead of hitting whatever runs next.
    """

    def __init__(self):
        self.socket = socket.socket(fileno=int(os.environ.pop("HEARTH_R_CHANNEL")))
        self.socket.set_inheritable(False)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def next(self):
        """The next request; None at the end of the parent process."""
        head = self._read(4)
        return json.loads(self._read(struct.unpack(">I", head)[0])) if head else None

    def answer(self, answer):
        body = json.dumps(answer).encode()
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def allow_interrupts(self):
        while signal.sigtimedwait([signal.SIGINT], 0):
            pass
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])

    def hold_interrupts(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])

    def _read(self, size):
        parts = []
        while size:
            part = self.socket.recv(min(size, 1 << 20))
            if not part:
                return b""
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def flush():
    sys.stdout.flush()
    sys.stderr.flush()


spark = Spark()


def warm_up():
    """Imports what the first query needs; the version of PySpark."""
    spark.warm()
    if spark._missing:
        raise Unavailable(f"{sys.executable} has no PySpark with Spark Connect: {spark._missing}")
    import pandas  # noqa: F401
    import pyarrow.compute  # noqa: F401
    import pyspark

    FAST.update(_fast())
    # PySpark logs each failed query with its stack; here the error itself is the answer.
    for noisy in ("SQLQueryContextLogger", "SparkConnectClient", "DataFrameQueryContextLogger"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL + 1)
    return pyspark.__version__


def bind(remote, name, conf):
    """The session's time zone, which becomes R's."""
    spark.bind(remote, name or "", {key: str(value) for key, value in (conf or {}).items()})
    return time_zone()


def time_zone():
    return connected().conf.get("spark.sql.session.timeZone")


# Calls from R ------------------------------------------------------------------------------------


def call(target, name, args, kwargs):
    """`[True, result]` of a method, or `[False, message]`."""
    return attempt(lambda: getattr(target, name)(*args, **(kwargs or {})))


def call_session(name, args, kwargs):
    return attempt(lambda: getattr(connected(), name)(*args, **(kwargs or {})))


def call_function(name, args):
    import pyspark.sql.connect.functions as functions

    def apply():
        function = getattr(functions, name, None)
        if function is None:
            return functions.call_function(name, *args)
        return function(*args)

    return attempt(apply)


def call_here(name, args):
    """A function of this module."""
    return attempt(lambda: globals()[name](*args))


def connected():
    if spark.session is None:
        raise RuntimeError("there is no Spark session yet")
    return spark.session


def attempt(action):
    try:
        return [True, action()]
    except Exception as error:
        return [False, message_of(error)]


def message_of(error):
    kinds = [kind.__name__ for kind in type(error).__mro__]
    text = str(error).split("\n\nJVM stacktrace:")[0].strip()
    if "ParseException" in kinds:
        return "parse error - " + text
    if "AnalysisException" in kinds:
        return "analysis error - " + text
    if "PySparkException" in kinds:
        return text
    return f"{type(error).__name__}: {text}"


# Functions of this module that R calls by name ------------------------------------------------------


def analyzed(frame):
    """Asks for the schema, which the DataFrame keeps: a mistake shows in the verb that made it."""
    frame.schema  # noqa: B018


def schema_of(frame):
    return described(frame.schema)


def schema_from_text(text):
    return described(schema_from(text))


def described(schema):
    """Names, simple types, Spark's class names of types, and nullability."""
    fields = schema.fields
    return {
        "names": [field.name for field in fields],
        "types": [field.dataType.simpleString() for field in fields],
        "classes": [str(field.dataType) for field in fields],
        "nullable": [field.nullable for field in fields],
    }


def tree_of(frame):
    return frame.schema.treeString()


def shown(frame, rows, truncate, vertical):
    return frame._show_string(rows, truncate, vertical)


def plan_of(frame, extended):
    return frame._explain_string(extended=extended)


def column_text(column):
    text = str(column)
    return text[len("Column<'") : -len("'>")] if text.startswith("Column<'") else text


def when(condition, value):
    import pyspark.sql.connect.functions as functions

    return functions.when(condition, value)


def literal(value):
    import pyspark.sql.connect.functions as functions

    return functions.lit(value)


def date_literal(days):
    return literal(datetime.date(1970, 1, 1) + datetime.timedelta(days=int(days)))


def time_literal(seconds):
    return literal(EPOCH + datetime.timedelta(microseconds=round(seconds * 1e6)))


def column_of(name):
    import pyspark.sql.connect.functions as functions

    return functions.col(name)


def window(method, args):
    from pyspark.sql.connect.window import Window

    return getattr(Window, method)(*args)


def aggregate(grouped, pairs):
    return grouped.agg(dict(pairs))


def grouped(frame, method, columns):
    return getattr(frame, method)(*columns)


def rename_all(frame, names):
    return frame.toDF(*names)


def read(format, paths, schema, options):
    reader = connected().read
    if format:
        reader = reader.format(format)
    if schema:
        reader = reader.schema(schema)
    for key, value in (options or {}).items():
        reader = reader.option(key, value)
    return reader.load(paths) if paths else reader.load()


def read_local_json(paths, schema, options):
    """Files of this interpreter, whose lines go along with the plan: they may be gone before it runs."""
    import pyarrow

    lines = []
    for path in paths:
        with open(path, encoding="utf-8") as handle:
            lines += [line for line in handle.read().split("\n") if line.strip()]
    if not schema and not options:
        records = _records(lines)
        if records is not None:
            lines = records
    reader = connected().read
    if schema:
        reader = reader.schema(schema)
    for key, value in (options or {}).items():
        reader = reader.option(key, value)
    return reader.json(connected().createDataFrame(pyarrow.table({"value": pyarrow.array(lines, pyarrow.string())})))


def _records(lines):
    """One object per line, with arrays of objects taken apart; None where that is not what the lines are."""
    records = []
    for line in lines:
        if not line.lstrip().startswith("["):
            records.append(line)
            continue
        try:
            items = json.loads(line)
        except ValueError:
            return None
        if not all(isinstance(item, dict) for item in items):
            return None
        records += [json.dumps(item, ensure_ascii=False) for item in items]
    return records


def is_local(paths, folders):
    """Whether these are readable files below the folders of this interpreter, and small ones."""
    folders = [os.path.realpath(folder) for folder in folders]
    size = 0
    for path in paths:
        if "://" in path or not os.path.isfile(path):
            return False
        real = os.path.realpath(path)
        if not any(os.path.commonpath([real, folder]) == folder for folder in folders):
            return False
        size += os.path.getsize(real)
    return bool(paths) and size <= LOCAL_FILE_LIMIT


def write(frame, format, path, table, mode, options, partitions):
    writer = frame.write.mode(mode)
    if format:
        writer = writer.format(format)
    if partitions:
        writer = writer.partitionBy(*partitions)
    for key, value in (options or {}).items():
        writer = writer.option(key, value)
    if table:
        writer.saveAsTable(table)
    else:
        writer.save(path)


def insert(frame, table, overwrite):
    frame.write.insertInto(table, overwrite)


def catalog(method, args):
    return getattr(connected().catalog, method)(*args)


def catalog_rows(method, args):
    """A listing of the catalog as columns of texts and booleans."""
    rows = getattr(connected().catalog, method)(*args)
    names = list(rows[0]._fields) if rows else []
    return {"names": names, "rows": json.dumps([[_plain(value) for value in row] for row in rows])}


def _plain(value):
    return value if value is None or isinstance(value, (bool, int, str)) else ".".join(map(str, value))


def get_conf(key, default):
    return connected().conf.get(key) if default is None else connected().conf.get(key, default)


def all_conf():
    return dict(connected().conf.getAll)


def version():
    return connected().version


# Columns from Spark to R -----------------------------------------------------------------------------


def collect(frame):
    """The columns of a result, each as `{kind, data, nulls, zone}` that R reads without a loop."""
    table = frame.toArrow()
    types = [field.dataType for field in frame.schema.fields]
    zone = time_zone() if any(type(one).__name__ == "TimestampType" for one in types) else "UTC"
    columns = []
    for column, data_type in zip(table.columns, types):
        one = _encode(column, type(data_type).__name__)
        one["zone"] = "UTC" if type(data_type).__name__ == "TimestampNTZType" else zone
        columns.append(one)
    return {"names": list(table.column_names), "rows": table.num_rows, "columns": columns}


def _encode(column, kind):
    import pyarrow

    values = column.to_pylist() if kind not in FAST else None
    if kind in FAST:
        r_kind, arrow_type = FAST[kind]
        nulls = _null_positions(column)
        column = column.cast(arrow_type, safe=False)  # R counts in doubles: 2^53 + 1 is rounded
        column = column.fill_null(0) if nulls else column
        data = array.array("i" if r_kind != "double" else "d", column.to_pylist())
        return {"kind": r_kind, "data": bytearray(data.tobytes()), "nulls": nulls}
    nulls = [at for at, value in enumerate(values) if value is None]
    if kind in ("StringType", "CharType", "VarcharType"):
        return {"kind": "string", "data": ["" if value is None else value.replace("\0", "") for value in values],
                "nulls": nulls}
    if kind == "DecimalType":
        return _doubles("double", [0.0 if value is None else float(value) for value in values], nulls)
    if kind == "DateType":
        first = datetime.date(1970, 1, 1)
        return _doubles("date", [0.0 if value is None else (value - first).days for value in values], nulls)
    if kind in ("TimestampType", "TimestampNTZType"):
        units = pyarrow.compute.cast(column, pyarrow.timestamp("us")) if column.type.tz is None else column
        micros = units.cast(pyarrow.int64()).to_pylist()
        return _doubles("time", [0.0 if value is None else value / 1e6 for value in micros], nulls)
    if kind in ("NullType", "VoidType"):
        return {"kind": "null", "data": len(values), "nulls": []}
    if kind == "BinaryType":
        return {"kind": "binary", "data": [bytearray(value or b"") for value in values], "nulls": nulls}
    if kind in ("ArrayType", "MapType", "StructType"):
        return {"kind": "json", "data": json.dumps([_jsonable(value) for value in values]), "nulls": nulls}
    return {"kind": "string", "data": ["" if value is None else str(value) for value in values], "nulls": nulls}


def _fast():
    import pyarrow

    whole, real = ("integer", pyarrow.int32()), ("double", pyarrow.float64())
    return {"ByteType": whole, "ShortType": whole, "IntegerType": whole, "LongType": real, "FloatType": real,
            "DoubleType": real, "BooleanType": ("logical", pyarrow.int32())}


FAST = {}


def _null_positions(column):
    if not column.null_count:
        return []
    return [at for at, missing in enumerate(column.is_null().to_pylist()) if missing]


def _doubles(kind, values, nulls):
    return {"kind": kind, "data": bytearray(array.array("d", values).tobytes()), "nulls": nulls}


def _jsonable(value):
    if isinstance(value, dict):
        return {str(key): _jsonable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        # Arrow gives a map as a list of pairs.
        if value and all(isinstance(one, tuple) and len(one) == 2 for one in value):
            return {str(key): _jsonable(one) for key, one in value}
        return [_jsonable(one) for one in value]
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


# Columns from R to Spark -----------------------------------------------------------------------------


def create(names, columns, schema):
    """A DataFrame of columns `{kind, data, nulls}`; `schema` is DDL text or nothing."""
    import pyarrow

    arrays = [_decode(column) for column in columns]
    table = pyarrow.Table.from_arrays(arrays, names=[str(index) for index in range(len(arrays))])
    frame = connected().createDataFrame(table)
    if not schema:
        return frame.toDF(*names)
    fields = schema_from(schema).fields
    if len(fields) != len(names):
        raise ValueError(f"the schema has {len(fields)} fields, the data has {len(names)} columns")
    frame = frame.toDF(*[field.name for field in fields])
    return frame.select(*[frame[f"`{field.name}`"].cast(field.dataType).alias(field.name) for field in fields])


def schema_from(text):
    from pyspark.sql.types import StructType

    return StructType.fromDDL(text)


def _decode(column):
    import pyarrow

    kind, nulls = column["kind"], set(_listed(column["nulls"]))

    def with_nulls(values):
        return [None if at in nulls else value for at, value in enumerate(values)] if nulls else values

    if kind == "null":
        return pyarrow.nulls(int(column["data"]), pyarrow.string())
    if kind == "string":
        return pyarrow.array(with_nulls(json.loads(column["data"])), pyarrow.string())
    if kind == "json":
        return pyarrow.array(with_nulls(json.loads(column["data"])))
    if kind == "binary":
        return pyarrow.array(with_nulls([bytes(value) for value in column["data"]]), pyarrow.binary())
    code = "i" if kind in ("integer", "logical") else "d"
    values = array.array(code)
    values.frombytes(bytes(column["data"]))
    values = list(values)
    if kind == "logical":
        return pyarrow.array(with_nulls([bool(value) for value in values]), pyarrow.bool_())
    if kind == "integer":
        return pyarrow.array(with_nulls(values), pyarrow.int32())
    if kind == "double":
        return pyarrow.array(with_nulls(values), pyarrow.float64())
    if kind == "date":
        return pyarrow.array([None if value is None else int(value // 1) for value in with_nulls(values)],
                             pyarrow.int32()).cast(pyarrow.date32())
    return pyarrow.array([None if value is None else round(value * 1e6) for value in with_nulls(values)],
                         pyarrow.timestamp("us", "UTC"))


def _listed(value):
    return value if isinstance(value, list) else [value]
