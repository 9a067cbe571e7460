#!/usr/bin/env python
"""Open sessions: what a thousand of them cost the server, each having run a query and set a value."""

import argparse

import measure
import pyspark.sql.connect.proto as pb
from harness.wire import Wire, consume, sql, sql_command


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--peers", default="")
    options = parser.parse_args()
    rows = []
    for name in ["hearth"] + [peer for peer in options.peers.split(",") if peer]:
        with measure.start_peer(name) as server:
            for _ in range(20):
                with Wire(server) as warm:
                    visit(warm)
            measure.settled(server.pid)
            before = measure.rss_mib(server.pid)
            wire = Wire(server)
            for _ in range(options.count):
                wire.session_id = Wire(server).session_id
                visit(wire)
            measure.settled(server.pid)
            after = measure.rss_mib(server.pid)
            rows.append({"system": name, "sessions": options.count, "before MiB": before, "after MiB": after,
                         "KiB per session": (after - before) * 1024 / options.count})
            wire.channel.close()
    measure.record("sessions", "Open sessions", rows, ["each session ran two statements, holds one temporary view and one setting, and stays open"])


def visit(wire):
    wire.config(set=pb.ConfigRequest.Set(pairs=[pb.KeyValue(key="my.key", value="1")]))
    consume(wire.execute(sql_command("create or replace temporary view v as select 1 as x")))
    consume(wire.execute(sql("select * from v"), reattachable=False))


if __name__ == "__main__":
    main()
