"""A stock PySpark session, and what the wire says about a query: schema, rows, errors.

`ask` and `ask_sql` send one ExecutePlan through PySpark's own stub and read the raw responses, so
they see types that a client cannot convert; they work with the clients of Spark 3.5 to 4.2.
"""

from __future__ import annotations

import json
import logging
import os
import re

# PySpark 3.5 picks the Connect functions only when it is told so before the first import.
os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"

import grpc
import pyarrow as pa
import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.session import SparkSession

from . import rendering

# PySpark 4 logs each failed query with both stack traces; tests want failures.
for noisy in ("SQLQueryContextLogger", "SparkConnectClient", "DataFrameQueryContextLogger"):
    logging.getLogger(noisy).setLevel(logging.CRITICAL + 1)


def connect(server, timezone="UTC", parameters="", **conf):
    """A new session of its own, never the process-wide one."""
    url = getattr(server, "url", server) + ("/;" + parameters if parameters else "")
    builder = SparkSession.builder.remote(url)
    session = builder.create() if hasattr(builder, "create") else SparkSession(url)
    if timezone:
        session.conf.set("spark.sql.session.timeZone", timezone)
    for key, value in conf.items():
        session.conf.set(key, value)
    return session


class Answer:
    """What one query answered: the wire schema and the Arrow table."""

    def __init__(self, schema, table):
        self.schema = schema
        self.table = table

    def columns(self):
        return [(field.name, rendering.column_text(field)) for field in self.schema.struct.fields]

    def rows(self):
        return rendering.rows(self.schema, self.table)


def ask(frame):
    """The answer to a DataFrame."""
    client = frame._session.client
    return execute(client, frame._plan.to_proto(client))


def ask_sql(session, text):
    """The answer to a query in SQL, as one relation in one request."""
    return execute(session.client, pb.Plan(root=pb.Relation(sql=pb.SQL(query=text))))


def execute(client, plan):
    request = client._execute_plan_request_with_metadata()
    request.plan.CopyFrom(plan)
    schema, batches = None, []
    try:
        for response in client._stub.ExecutePlan(request, metadata=client._builder.metadata()):
            if response.HasField("schema"):
                schema = response.schema
            if response.HasField("arrow_batch"):
                with pa.ipc.open_stream(response.arrow_batch.data) as reader:
                    batches += list(reader) or [reader.schema.empty_table()]
    except grpc.RpcError as error:
        client._handle_error(error)
    tables = [b if isinstance(b, pa.Table) else pa.Table.from_batches([b]) for b in batches]
    return Answer(schema, pa.concat_tables(tables) if tables else pa.table({}))


def error_text(error):
    """`CONDITION sqlstate {parameters}` of an exception from the server."""
    condition = (getattr(error, "getCondition", None) or getattr(error, "getErrorClass", lambda: None))()
    if condition is None:
        return f"{type(error).__name__} - {json.dumps(str(error).splitlines()[0][:200] if str(error) else '')}"
    state = error.getSqlState()
    parameters = error.getMessageParameters() or {}
    parameters = {key: re.sub(r"#\d+", "#n", parameters[key]) for key in sorted(parameters)}
    return f"{condition} {state or '-'} {json.dumps(parameters, ensure_ascii=False)}"
