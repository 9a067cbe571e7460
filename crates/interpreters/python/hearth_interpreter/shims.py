"""Makes PySpark's Connect session answer to what programs for Livy expect of a classic one.

Clients of Livy generate code such as `spark.sql(q).toJSON(use_unicode=True).take(10)` and
`spark.read.json(spark.sparkContext.parallelize(rows))`. What a program written for Spark Connect does stays as it is.
"""

from __future__ import annotations

import functools
import json
import sys
import types

import pyspark
import pyspark.sql
import pyspark.sql.connect.proto as proto
from pyspark.sql.connect import plan
from pyspark.sql.connect.dataframe import DataFrame
from pyspark.sql.connect.readwriter import DataFrameReader
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.connect.types import pyspark_types_to_proto_types
from pyspark.sql.functions import struct, to_json
from pyspark.sql.session import SparkSession as AnySparkSession
from pyspark.sql.types import StringType, StructField, StructType
from pyspark.sql.utils import to_str

from .context import HiveContext, SparkContext, SparkFiles, SQLContext, needs_jvm
from .rdd import LocalRDD

TEXT_ROWS = StructType([StructField("value", StringType())])


def install():
    """Changes PySpark, once in a process."""
    SparkSession.sparkContext = property(_context_of)
    SparkSession.createDataFrame = _taking_rdds(SparkSession.createDataFrame)
    DataFrame.toJSON = _to_json
    DataFrameReader.json = _reading_local(DataFrameReader.json)
    AnySparkSession.Builder._validate_startup_urls = _without_master
    pyspark.SparkContext, pyspark.SparkFiles = SparkContext, SparkFiles
    pyspark.sql.SQLContext, pyspark.sql.HiveContext = SQLContext, HiveContext
    pyspark.SQLContext, pyspark.HiveContext = SQLContext, HiveContext
    for name, value in (("context", SparkContext), ("files", SparkFiles)):
        module = types.ModuleType(f"pyspark.{name}")
        setattr(module, value.__name__, value)
        sys.modules[f"pyspark.{name}"] = module
        setattr(pyspark, name, module)


def streaming_context():
    """The class `StreamingContext` where PySpark has it, else one that says that it needs a JVM."""
    try:
        from pyspark.streaming import StreamingContext

        return StreamingContext
    except ImportError:
        return _NoStreamingContext


class _NoStreamingContext:
    def __init__(self, *_arguments):
        raise needs_jvm("StreamingContext")


def _context_of(session):
    if "_hearth_context" not in session.__dict__:
        session._hearth_context = SparkContext._of(session)
    return session._hearth_context


def _without_master(builder):
    """Programs name the master they were tried on; here the server is given, and the setting means nothing."""
    builder._options.pop("spark.master", None)


def _taking_rdds(create):
    @functools.wraps(create)
    def createDataFrame(self, data, *arguments, **settings):
        return create(self, data.collect() if isinstance(data, LocalRDD) else data, *arguments, **settings)

    return createDataFrame


class JsonText(str):
    """A row of `toJSON`: text, as on an RDD; also `row.value` and `row["value"]`, as on a DataFrame of Connect."""

    __slots__ = ()

    @property
    def value(self):
        return str(self)

    def __getitem__(self, place):
        return str(self) if place == "value" else super().__getitem__(place)

    def asDict(self, recursive=False):
        return {"value": str(self)}

    def __reduce__(self):
        return str, (str(self),)


class JsonRows(DataFrame):
    """What `toJSON` gives: the DataFrame of Connect, whose rows come as texts, and the methods of an RDD of texts."""

    @staticmethod
    def _text(row):
        return row if isinstance(row, JsonText) or row is None else JsonText(row[0])

    def collect(self):
        return [self._text(row) for row in super().collect()]

    def take(self, num):
        return [self._text(row) for row in super().limit(num).collect()]

    def head(self, n=None):
        return self.first() if n is None else self.take(n)

    def first(self):
        return next(iter(self.take(1)), None)

    def toLocalIterator(self, prefetchPartitions=False):
        return (self._text(row) for row in super().toLocalIterator(prefetchPartitions))

    def sample(self, *arguments, **settings):
        return JsonRows(super().sample(*arguments, **settings)._plan, self._session)

    def filter(self, condition):
        return self._local().filter(condition) if callable(condition) else super().filter(condition)

    def map(self, f):
        return self._local().map(f)

    def flatMap(self, f):
        return self._local().flatMap(f)

    def foreach(self, f):
        self._local().foreach(f)

    def _local(self):
        return LocalRDD(lambda: [self.collect()], self._session.sparkContext)


def _to_json(self, use_unicode=True):
    rows = self.select(to_json(struct("*")).alias("value"))
    return JsonRows(rows._plan, self._session)


def _reading_local(read):
    @functools.wraps(read)
    def json(self, path, schema=None, *arguments, **settings):
        texts = _local_texts(path)
        if texts is None:
            return read(self, path, schema, *arguments, **settings)
        rows = self._client.createDataFrame([(text,) for text in texts], TEXT_ROWS)
        if hasattr(plan, "Parse"):
            return read(self, rows, schema, *arguments, **settings)
        return _read_frame(self, rows, schema, settings)  # PySpark before 4.2 takes no DataFrame

    return json


def _read_frame(reader, rows, schema, settings):
    if schema is not None:
        reader.schema(schema)
    options = {**reader._options, **{key: to_str(value) for key, value in settings.items() if value is not None}}
    return reader._df(_ParseJson(rows._plan, _struct(reader), options))


def _struct(reader):
    """The schema of a reader: it may be JSON, or DDL that the server reads."""
    text = reader._schema
    if not text or text.startswith("{"):
        return StructType.fromJson(json.loads(text)) if text else None
    return reader._client.client._analyze(method="ddl_parse", ddl_string=text).parsed


class _ParseJson(plan.LogicalPlan):
    """Texts of JSON as rows."""

    def __init__(self, child, schema, options):
        super().__init__(child)
        self._schema, self._options = schema, options

    def plan(self, session):
        relation = self._create_proto_relation()
        relation.parse.input.CopyFrom(self._child.plan(session))
        relation.parse.format = proto.Parse.PARSE_FORMAT_JSON
        relation.parse.options.update(self._options)
        if self._schema is not None:
            relation.parse.schema.CopyFrom(pyspark_types_to_proto_types(self._schema))
        return relation


def _local_texts(source):
    """JSON texts, where the source is rows rather than paths."""
    if isinstance(source, LocalRDD):
        source = source.collect()
    elif not isinstance(source, list) or not source or not all(map(_is_row, source)):
        return None
    return [text for item in source for text in _objects(item)]


def _is_row(item):
    if isinstance(item, str):
        return item.lstrip().startswith(("{", "[")) and _parses(item)
    return isinstance(item, dict)


def _parses(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _objects(item):
    """The JSON objects in an item of a local collection: a text may hold an array of them."""
    if isinstance(item, bytes):
        item = item.decode("utf-8")
    if not isinstance(item, str):
        return [json.dumps(item, default=str)]
    if not item.lstrip().startswith("["):
        return [item]
    try:
        return [json.dumps(one) for one in json.loads(item)]
    except ValueError:
        return [item]
