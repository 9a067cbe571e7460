#!/usr/bin/env python
"""Open sessions: what a thousand of them cost the server, each having run a query and set a value."""

import argparse
import uuid

import measure
import pyspark.sql.connect.proto as pb
from harness.wire import Wire, consume, sql, sql_command

# Sessions opened after the first --count, as a multiple of it.
FURTHER = 3


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
            wire = Wire(server)
            before = settled_mib(server.pid)
            open_sessions(wire, options.count)
            after = settled_mib(server.pid)
            open_sessions(wire, FURTHER * options.count)
            further = settled_mib(server.pid)
            rows.append({"system": name, "sessions": options.count, "before MiB": before, "after MiB": after,
                         "KiB per session": (after - before) * 1024 / options.count, f"MiB at {1 + FURTHER} times as many": further,
                         "KiB per further session": (further - after) * 1024 / (FURTHER * options.count)})
            wire.channel.close()
    measure.record("sessions", "Open sessions", rows, [
        "each session ran two statements, holds one temporary view and one setting, and stays open",
        "anonymous resident memory; the first sessions partly fill what the allocator holds already, the further ones tell the cost"])


def settled_mib(pid):
    """Memory of its own that the process holds, mapped files not counted: they come and go as the machine likes."""
    measure.settled(pid)
    return measure.status_mib(pid, "RssAnon")


def open_sessions(wire, count):
    for _ in range(count):
        wire.session_id = str(uuid.uuid4())
        visit(wire)


def visit(wire):
    wire.config(set=pb.ConfigRequest.Set(pairs=[pb.KeyValue(key="my.key", value="1")]))
    consume(wire.execute(sql_command("create or replace temporary view v as select 1 as x")))
    consume(wire.execute(sql("select * from v"), reattachable=False))


if __name__ == "__main__":
    main()
