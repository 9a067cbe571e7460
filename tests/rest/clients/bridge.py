#!/usr/bin/env python
"""The published thin client as a process: Spark Connect over gRPC here, REST to the server. Runs in the environment `rest`.

  bridge.py HOST:PORT [TOKEN]
For each line that it reads it opens another port and prints it: a thin client keeps one cache of settings for all
sessions that it serves, so sessions that must not meet need one each.
"""

import logging
import os
import sys
from concurrent import futures

for name in ("HTTPS_PROXY", "https_proxy"):
    os.environ.pop(name, None)
# Before PySpark: it brings its own.
import snowflake.snowpark_connect.client.server as thin  # noqa: E402 isort: skip

import grpc  # noqa: E402
from pyspark.sql.connect.proto import base_pb2_grpc  # noqa: E402
from snowflake.core import RESTConnection  # noqa: E402
from snowflake.core._common import TokenType  # noqa: E402

LIMIT = 128 * 1024 * 1024


def open_port(connection):
    options = [("grpc.max_receive_message_length", LIMIT), ("grpc.max_send_message_length", LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10), options=options)
    base_pb2_grpc.add_SparkConnectServiceServicer_to_server(thin.SnowflakeConnectClientServicer(connection), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    token = sys.argv[2] if len(sys.argv) > 2 else "any"
    connection = RESTConnection(host=host, port=int(port), protocol="http", token_type=TokenType.SESSION_TOKEN, token=token)
    logging.getLogger("snowflake_connect_server").setLevel(logging.CRITICAL)
    thin._disable_protobuf_recursion_limit()
    kept = []
    for _ in sys.stdin:
        server, local = open_port(connection)
        kept.append(server)
        print(local, flush=True)


if __name__ == "__main__":
    main()
